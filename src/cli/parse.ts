// What options of the command line may be: texts as numbers, and the flag that all commands share.
import { InvalidArgumentError } from 'commander';

/** A whole number of at least so much. */
export const integer =
  (low: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < low)
      throw new InvalidArgumentError(`it must be an integer of at least ${low}.`);
    return value;
  };

/** A share as `10%`, or as a number of percent. */
export const percentage = (text: string): number => {
  const value = Number(text.replace(/ ?%$/, ''));
  if (text.trim() === '' || !(value > 0 && value < 1000))
    throw new InvalidArgumentError('it must be a percentage above 0, as 10%.');
  return value / 100;
};

export const seconds = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value < 2 ** 21)) throw new InvalidArgumentError('it must be a number of seconds above 0.');
  return value;
};

export const jsonFlag = ['--json', 'print JSON for machines, and nothing else'] as const;
