// The table of real defects under test: every number of the list is there, with mutants that exist or a reason.
import { expect, test } from 'vitest';
import { BUGS } from './bugs.ts';
import { MUTANTS } from './mutants/index.ts';

/** Numbers of the list of real defects in components that the contract has. */
const NUMBERS = `
  1 2 4 5 7 8 10 11 13 14 16 17 19 20 25 26 28 29 31 32 34 35 37 38 40 41 43 44 46 47 49 50 52 53 55 56 58 59 61 62 64 67
  68 70 71 73 74 76 77 79 80 82 83 85 86 88 89 91 92 94 95 97 98 100 101 103 104 106 107 109 110 112 113 116 118 119 121
  122 124 125 127 128 130 131 133 134 136 137 142 143 145 146 148 149 151 152 154 155 157 158 160 161 163 164 166 167 169
  170 172 173 178 179 181 182 184 185 187 188 190 191 192 193 194 195 196 197 198 199 200 201 202`;

test('every defect of the list has a row, and no row is about anything else', () => {
  expect(Object.keys(BUGS).map(Number)).toEqual((NUMBERS.match(/\d+/g) ?? []).map(Number));
});

test('a row names mutants that exist, or says why there is none', () => {
  const known = new Set(MUTANTS.map((m) => m.id));
  for (const [number, { where, symptom, mutants }] of Object.entries(BUGS)) {
    expect(where, number).toMatch(/.{4}/);
    expect(symptom, number).toMatch(/.{8}/);
    if (typeof mutants === 'string') expect(mutants, number).toMatch(/.{20}/);
    else {
      expect(mutants.length, number).toBeGreaterThan(0);
      expect(
        mutants.filter((id) => !known.has(id)),
        number,
      ).toEqual([]);
    }
  }
});
