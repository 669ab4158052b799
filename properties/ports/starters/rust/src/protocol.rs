//! The protocol: one JSON message per line in, one out. Nothing here has to change; what goes to stderr is a log.
use std::io::{stdin, stdout, BufRead, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Sizes (a scalar has none), and as many numbers as their product, row by row.
#[derive(Clone)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

/// Results by name, or why there are none.
pub type Answer = Result<Vec<(&'static str, Tensor)>, String>;
pub type Entry = fn(&Args) -> Answer;

enum Json {
    Other, // null, true, false
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
    Tensor(Tensor),
}

/// The arguments of a call, by name.
pub struct Args<'a>(&'a Json);

#[allow(dead_code)] // for entries to come
impl Args<'_> {
    pub fn tensor(&self, name: &str) -> Result<&Tensor, String> {
        match self.0.get(name) {
            Some(Json::Tensor(t)) => Ok(t),
            _ => Err(format!("{name} must be a tensor")),
        }
    }
    pub fn number(&self, name: &str) -> Result<f64, String> {
        self.0.get(name).and_then(Json::number).ok_or(format!("{name} must be a number"))
    }
    pub fn text(&self, name: &str) -> Result<&str, String> {
        self.0.get(name).and_then(Json::text).ok_or(format!("{name} must be text"))
    }
}

impl Json {
    fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, v)| v),
            _ => None,
        }
    }
    fn list(&self) -> &[Json] {
        match self {
            Json::List(list) => list,
            _ => &[],
        }
    }
    fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }
    /// Words stand for what JSON has no number for.
    fn number(&self) -> Option<f64> {
        match (self, self.text()) {
            (Json::Number(x), _) => Some(*x),
            (_, Some("NaN")) => Some(f64::NAN),
            (_, Some("Infinity")) => Some(f64::INFINITY),
            (_, Some("-Infinity")) => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }
    /// A tensor in base64 or as JSON numbers.
    fn tensor(&self) -> Option<Tensor> {
        let shape: Vec<usize> = self.get("shape")?.list().iter().map(|n| n.number().map(|n| n as usize)).collect::<Option<_>>()?;
        let data: Vec<f64> = match self.get("f64").and_then(Json::text) {
            Some(text) => base64(text).chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect(),
            None => self.get("data")?.list().iter().map(Json::number).collect::<Option<_>>()?,
        };
        (data.len() == shape.iter().product()).then_some(Tensor { shape, data })
    }
}

fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for six in text.bytes().map_while(|c| LETTERS.iter().position(|&l| l == c)) {
        bits = bits << 6 | six as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

// ---- Reading JSON. ----

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// The next byte that is no space, which stays.
    fn peek(&mut self) -> u8 {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        *self.text.get(self.at).unwrap_or(&0)
    }
    fn take(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() != byte {
            return Err(format!("'{}' is missing at byte {}", byte as char, self.at));
        }
        self.at += 1;
        Ok(())
    }
    fn string(&mut self) -> Result<String, String> {
        self.take(b'"')?;
        let mut bytes = Vec::new();
        loop {
            let byte = *self.text.get(self.at).ok_or("a text has no end")?;
            self.at += 1;
            match byte {
                b'"' => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                b'\\' => {
                    let escape = *self.text.get(self.at).ok_or("a text has no end")?;
                    self.at += 1;
                    match escape {
                        b'n' => bytes.push(b'\n'),
                        b't' => bytes.push(b'\t'),
                        b'u' => {
                            self.at += 4; // the contract has no such names
                            bytes.push(b'?');
                        }
                        other => bytes.push(other),
                    }
                }
                other => bytes.push(other),
            }
        }
    }
    /// What stands between two brackets, with commas between.
    fn items(&mut self, close: u8, mut item: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        self.at += 1;
        while self.peek() != close {
            item(self)?;
            if self.peek() != close {
                self.take(b',')?;
            }
        }
        self.at += 1;
        Ok(())
    }
    fn value(&mut self) -> Result<Json, String> {
        match self.peek() {
            b'"' => Ok(Json::Text(self.string()?)),
            b'[' => {
                let mut list = Vec::new();
                self.items(b']', |r| Ok(list.push(r.value()?)))?;
                Ok(Json::List(list))
            }
            b'{' => {
                let mut fields = Vec::new();
                self.items(b'}', |r| {
                    let name = r.string()?;
                    r.take(b':')?;
                    Ok(fields.push((name, r.value()?)))
                })?;
                let object = Json::Object(fields);
                Ok(object.tensor().map_or(object, Json::Tensor))
            }
            _ => {
                let from = self.at;
                while self.text.get(self.at).is_some_and(|c| c.is_ascii_alphanumeric() || b"+-.".contains(c)) {
                    self.at += 1;
                }
                match std::str::from_utf8(&self.text[from..self.at]).unwrap_or("") {
                    "null" | "true" | "false" => Ok(Json::Other),
                    word => word.parse().map(Json::Number).map_err(|_| format!("no value begins at byte {from}")),
                }
            }
        }
    }
}

// ---- Writing JSON. ----

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace(|c: char| c.is_control(), " "))
}

/// The shortest digits that read back, and -0.0; words for what JSON has no number for.
fn number_text(x: f64) -> String {
    match x {
        _ if x.is_nan() => "\"NaN\"".into(),
        f64::INFINITY => "\"Infinity\"".into(),
        f64::NEG_INFINITY => "\"-Infinity\"".into(),
        _ => format!("{x:?}"),
    }
}

fn join<T>(list: &[T], text: impl Fn(&T) -> String) -> String {
    list.iter().map(text).collect::<Vec<_>>().join(",")
}

fn tensor_text(t: &Tensor) -> String {
    format!("{{\"shape\":[{}],\"data\":[{}]}}", join(&t.shape, usize::to_string), join(&t.data, |&x| number_text(x)))
}

// ---- The conversation. ----

fn answer(call: &Json, entries: &[(&str, Entry)]) -> String {
    let name = call.get("entry").and_then(Json::text).unwrap_or("");
    let found = match (entries.iter().find(|(id, _)| *id == name), call.get("args")) {
        (Some((_, entry)), Some(args)) => {
            catch_unwind(AssertUnwindSafe(|| entry(&Args(args)))).unwrap_or(Err("the engine panicked".into()))
        }
        _ => Err(format!("there is no {name} here")),
    };
    match found {
        Ok(fields) => format!("{{\"result\":{{{}}}}}", join(&fields, |(name, t)| format!("{}:{}", quoted(name), tensor_text(t)))),
        Err(why) => format!("{{\"error\":{}}}", quoted(&why)), // belongs to this call alone; the next one may go well
    }
}

/// Answers until `bye`, to the hello with what the engine says of itself.
pub fn serve(engine: &str, entries: &[(&str, Entry)]) {
    for line in stdin().lock().lines().map_while(Result::ok) {
        let message = Reader { text: line.as_bytes(), at: 0 }.value().unwrap_or_else(|why| panic!("{why}, in {line}"));
        let reply = match message.get("type").and_then(Json::text) {
            Some("hello") => format!(
                "{{\"type\":\"hello\",\"protocol\":1,{engine},\"entries\":[{}]}}",
                join(entries, |(name, _)| quoted(name)),
            ),
            Some("call") => format!(
                "{{\"type\":\"answer\",\"id\":{},\"answers\":[{}]}}",
                message.get("id").and_then(Json::number).unwrap_or(0.0),
                join(message.get("calls").map_or(&[], Json::list), |call| answer(call, entries)),
            ),
            _ => break,
        };
        println!("{reply}");
        stdout().flush().expect("nobody reads the answers any more");
    }
}
