//! A learner for Minerva in Rust: ridge and logistic regression, with the standard library alone.
//!
//! It speaks the runner protocol (docs/runner-protocol.md): a request per line on standard input, an
//! answer per line on standard output; eprintln! writes to the log. Build and try it:
//!
//!     rustc -O runner.rs
//!     minerva test --command "./runner"

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;

use json::Json;

const PENALTY: f64 = 1e-3; // of ridge: keeps collinear columns solvable
const NEWTON_STEPS: usize = 12;

/// Why a request cannot be answered: the protocol's code and a sentence for people.
struct Refusal {
    code: &'static str,
    message: String,
}

fn failed(message: impl Into<String>) -> Refusal {
    Refusal { code: "failed", message: message.into() }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal { code: "invalid_data", message: message.into() }
}

type Answer<T> = Result<T, Refusal>;

/// One numeric column: an input, or one value of a category (else null), with mean and deviation.
struct Feature {
    name: String,
    value: Json,
    mean: f64,
    deviation: f64,
}

/// What was learnt for one output: weights (bias last) for each column of the answer.
struct Output {
    name: String,
    kind: String,
    weights: Vec<Vec<f64>>,
}

struct Model {
    features: Vec<Feature>,
    outputs: Vec<Output>,
}

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut model = None;
    for line in io::stdin().lock().lines() {
        let request = Json::read(&line?)
            .map_err(|message| io::Error::new(io::ErrorKind::InvalidData, message))?;
        let id = request.get("id").clone();
        let kind = request.get("type").text().to_string();
        let told = match handle(&kind, &request, &mut model, &mut out) {
            Ok(result) => ("result", result),
            Err(Refusal { code, message }) => {
                eprintln!("{kind}: {message}");
                let error = [("code", Json::from(code)), ("message", Json::Text(message))];
                ("error", Json::object(error))
            }
        };
        say(&mut out, Json::object([("id", id), told]))?;
        if kind == "bye" {
            break;
        }
    }
    Ok(())
}

fn say(out: &mut impl Write, message: Json) -> io::Result<()> {
    writeln!(out, "{message}")?;
    out.flush()
}

fn handle(
    kind: &str,
    request: &Json,
    model: &mut Option<Model>,
    out: &mut impl Write,
) -> Answer<Json> {
    match kind {
        "hello" => Ok(Json::object([
            ("protocol", Json::Number(1.0)),
            ("name", Json::from("ridge and logistic regression in Rust")),
            ("version", Json::from("1")),
            ("capabilities", Json::Array(vec![Json::from("train"), Json::from("predict")])),
            ("max_line", Json::Number(64.0 * 1024.0 * 1024.0)),
        ])),
        "train" => {
            let trained = train(request, out)?;
            let file = Path::new(request.get("folder").text()).join("model.json");
            fs::write(file, plain(&trained).to_string()).map_err(|e| failed(e.to_string()))?;
            Ok(Json::nothing())
        }
        "load" => {
            let file = Path::new(request.get("folder").text()).join("model.json");
            let text = fs::read_to_string(file).map_err(|e| failed(e.to_string()))?;
            *model = Some(model_from(&Json::read(&text).map_err(failed)?));
            Ok(Json::nothing())
        }
        "predict" => predict(model.as_ref().ok_or_else(|| failed("nothing is loaded"))?, request),
        "bye" => Ok(Json::nothing()),
        other => Err(failed(format!("unknown request {other}"))),
    }
}

// --- features: every input becomes one or more numbers ---

/// A cell as a number, None where missing; of a category: is it this value?
fn number(cell: &Json, value: &Json) -> Option<f64> {
    match (cell, value) {
        (Json::Null, _) => None,
        (cell, Json::Null) => Some(cell.number()),
        (cell, value) => Some(f64::from(cell == value)),
    }
}

fn plan(fields: &[Json], records: &[Json]) -> Vec<Feature> {
    let mut features = Vec::new();
    for field in fields.iter().filter(|f| f.get("type").text() != "text") {
        let name = field.get("name").text();
        for value in values_of(field, Json::Null) {
            let known: Vec<f64> = records
                .iter()
                .filter_map(|record| number(record.get("inputs").get(name), &value))
                .collect();
            let count = known.len().max(1) as f64;
            let mean = known.iter().sum::<f64>() / count;
            let variance = known.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / count;
            let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
            features.push(Feature { name: name.to_string(), value, mean, deviation });
        }
    }
    features
}

fn values_of(field: &Json, otherwise: Json) -> Vec<Json> {
    match field.get("values") {
        Json::Array(values) => values.clone(),
        _ => vec![otherwise],
    }
}

/// Numbers of mean 0 and deviation 1, then a 1 for the bias; what is missing counts as average.
fn encode<'a>(features: &[Feature], cell: impl Fn(&str) -> &'a Json) -> Vec<f64> {
    features
        .iter()
        .map(|f| number(cell(&f.name), &f.value).map_or(0.0, |n| (n - f.mean) / f.deviation))
        .chain([1.0])
        .collect()
}

// --- learning ---

fn train(request: &Json, out: &mut impl Write) -> Answer<Model> {
    let text = fs::read_to_string(request.get("data").text()).map_err(|e| failed(e.to_string()))?;
    let records = text.lines().map(Json::read).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if records.is_empty() {
        return Err(invalid("there are no records to learn from"));
    }
    let schema = request.get("schema");
    let features = plan(schema.get("inputs").items(), &records);
    let rows: Vec<Vec<f64>> = records
        .iter()
        .map(|record| encode(&features, |name| record.get("inputs").get(name)))
        .collect();
    let mut outputs = Vec::new();
    for field in schema.get("output").items() {
        let name = field.get("name").text();
        let step = [
            ("id", request.get("id").clone()),
            ("progress", Json::Number(outputs.len() as f64 / schema.get("output").items().len() as f64)),
            ("message", Json::Text(format!("learning {name}"))),
        ];
        say(out, Json::object(step)).map_err(|e| failed(e.to_string()))?;
        let truth: Vec<&Json> = records.iter().map(|r| r.get("output").get(name)).collect();
        outputs.push(learn(field, &rows, &truth)?);
    }
    Ok(Model { features, outputs })
}

fn learn(field: &Json, rows: &[Vec<f64>], truth: &[&Json]) -> Answer<Output> {
    let (name, kind) = (field.get("name").text(), field.get("type").text());
    let known: Vec<usize> = (0..rows.len()).filter(|&i| *truth[i] != Json::Null).collect();
    if known.is_empty() {
        return Err(invalid(format!("output {name} has no value to learn from")));
    }
    let rows: Vec<&[f64]> = known.iter().map(|&i| rows[i].as_slice()).collect();
    let regression = kind == "number" || kind == "integer";
    let asked = if regression { vec![Json::Null] } else { values_of(field, Json::Bool(true)) };
    let weights = asked
        .iter()
        .map(|value| {
            let y: Vec<f64> =
                known.iter().map(|&i| number(truth[i], value).unwrap_or(0.0)).collect();
            newton(&rows, &y, if regression { 1 } else { NEWTON_STEPS }, !regression)
        })
        .collect();
    Ok(Output { name: name.to_string(), kind: kind.to_string(), weights })
}

/// Newton's method on squared (one step is exact) or logistic loss with a ridge penalty.
fn newton(rows: &[&[f64]], truth: &[f64], steps: usize, logistic: bool) -> Vec<f64> {
    let width = rows[0].len();
    let mut weights = vec![0.0; width];
    for _ in 0..steps {
        let mut gradient: Vec<f64> = weights.iter().map(|w| PENALTY * w).collect();
        let mut hessian = vec![vec![0.0; width]; width];
        for (row, y) in rows.iter().zip(truth) {
            let score = dot(&weights, row);
            let (guess, curvature) = if logistic {
                let chance = sigmoid(score);
                (chance, (chance * (1.0 - chance)).max(1e-6))
            } else {
                (score, 1.0)
            };
            for j in 0..width {
                gradient[j] += (guess - y) * row[j];
                for k in 0..=j {
                    hessian[j][k] += curvature * row[j] * row[k];
                }
            }
        }
        for (j, line) in hessian.iter_mut().enumerate() {
            line[j] += PENALTY;
        }
        let step = solve(hessian, gradient);
        weights.iter_mut().zip(step).for_each(|(w, s)| *w -= s);
    }
    weights
}

/// Solve a x = b by Cholesky's decomposition of the lower half of a, in place.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for j in 0..n {
        for k in 0..=j {
            let sum: f64 = (0..k).map(|m| a[j][m] * a[k][m]).sum();
            let rest = a[j][k] - sum;
            a[j][k] = if j == k { rest.max(1e-12).sqrt() } else { rest / a[k][k] };
        }
    }
    for j in 0..n {
        let sum: f64 = (0..j).map(|k| a[j][k] * b[k]).sum();
        b[j] = (b[j] - sum) / a[j][j];
    }
    for j in (0..n).rev() {
        let sum: f64 = (j + 1..n).map(|k| a[k][j] * b[k]).sum();
        b[j] = (b[j] - sum) / a[j][j];
    }
    b
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

// --- predicting ---

fn predict(model: &Model, request: &Json) -> Answer<Json> {
    // find each feature's column once, not once per row
    let columns: HashMap<&str, &[Json]> =
        request.get("columns").members().iter().map(|(k, v)| (k.as_str(), v.items())).collect();
    let rows: Vec<Vec<f64>> = (0..request.get("rows").number() as usize)
        .map(|i| encode(&model.features, |name| &columns[name][i]))
        .collect();
    let predictions = model.outputs.iter().map(|output| {
        let answers = rows.iter().map(|row| answer(output, row)).collect();
        (output.name.as_str(), Json::Array(answers))
    });
    Ok(Json::object([("predictions", Json::object(predictions))]))
}

fn answer(output: &Output, row: &[f64]) -> Json {
    let scores: Vec<f64> = output.weights.iter().map(|weights| dot(weights, row)).collect();
    match output.kind.as_str() {
        "number" | "integer" => Json::Number(scores[0]),
        "boolean" => Json::Number(sigmoid(scores[0])),
        _ => {
            let chances: Vec<f64> = scores.iter().map(|z| sigmoid(*z) + 1e-12).collect();
            let sum: f64 = chances.iter().sum();
            Json::numbers(chances.iter().map(|chance| chance / sum))
        }
    }
}

// --- saving and loading ---

fn plain(model: &Model) -> Json {
    let features = model.features.iter().map(|f| {
        let name = Json::Text(f.name.clone());
        Json::Array(vec![name, f.value.clone(), Json::Number(f.mean), Json::Number(f.deviation)])
    });
    let outputs = model.outputs.iter().map(|o| {
        let weights = o.weights.iter().map(|w| Json::numbers(w.iter().copied())).collect();
        let (name, kind) = (Json::Text(o.name.clone()), Json::Text(o.kind.clone()));
        Json::Array(vec![name, kind, Json::Array(weights)])
    });
    Json::object([
        ("features", Json::Array(features.collect())),
        ("outputs", Json::Array(outputs.collect())),
    ])
}

fn model_from(saved: &Json) -> Model {
    let features = saved.get("features").items().iter().map(|entry| {
        let f = entry.items();
        Feature {
            name: f[0].text().to_string(),
            value: f[1].clone(),
            mean: f[2].number(),
            deviation: f[3].number(),
        }
    });
    let outputs = saved.get("outputs").items().iter().map(|entry| {
        let o = entry.items();
        let weights = o[2].items().iter().map(|w| w.items().iter().map(Json::number).collect());
        Output {
            name: o[0].text().to_string(),
            kind: o[1].text().to_string(),
            weights: weights.collect(),
        }
    });
    Model { features: features.collect(), outputs: outputs.collect() }
}

/// As much JSON as the protocol needs; with crates, this is serde_json.
mod json {
    use std::fmt::{self, Display, Formatter, Write};

    #[derive(Clone, Debug, PartialEq)]
    pub enum Json {
        Null,
        Bool(bool),
        Number(f64),
        Text(String),
        Array(Vec<Json>),
        Object(Vec<(String, Json)>),
    }

    impl From<&str> for Json {
        fn from(text: &str) -> Self {
            Json::Text(text.to_string())
        }
    }

    impl Json {
        pub fn nothing() -> Json {
            Json::Object(Vec::new())
        }

        pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
            Json::Object(members.into_iter().map(|(k, v)| (k.to_string(), v)).collect())
        }

        pub fn numbers(numbers: impl Iterator<Item = f64>) -> Json {
            Json::Array(numbers.map(Json::Number).collect())
        }

        pub fn get(&self, name: &str) -> &Json {
            self.members().iter().find(|(k, _)| k == name).map_or(&Json::Null, |(_, v)| v)
        }

        pub fn members(&self) -> &[(String, Json)] {
            if let Json::Object(members) = self { members } else { &[] }
        }

        pub fn items(&self) -> &[Json] {
            if let Json::Array(items) = self { items } else { &[] }
        }

        pub fn text(&self) -> &str {
            if let Json::Text(text) = self { text } else { "" }
        }

        pub fn number(&self) -> f64 {
            match self {
                Json::Number(number) => *number,
                Json::Bool(flag) => f64::from(*flag),
                _ => f64::NAN,
            }
        }

        pub fn read(text: &str) -> Result<Json, String> {
            let mut reader = Reader { text, at: 0 };
            let value = reader.value()?;
            match reader.peek() {
                None => Ok(value),
                Some(_) => reader.fault("text after the end"),
            }
        }
    }

    impl Display for Json {
        fn fmt(&self, out: &mut Formatter) -> fmt::Result {
            match self {
                Json::Null => out.write_str("null"),
                Json::Bool(flag) => write!(out, "{flag}"),
                Json::Number(number) => write!(out, "{number}"),
                Json::Text(text) => quote(text, out),
                Json::Array(items) => {
                    out.write_char('[')?;
                    for (i, item) in items.iter().enumerate() {
                        out.write_str(if i == 0 { "" } else { "," })?;
                        write!(out, "{item}")?;
                    }
                    out.write_char(']')
                }
                Json::Object(members) => {
                    out.write_char('{')?;
                    for (i, (name, value)) in members.iter().enumerate() {
                        out.write_str(if i == 0 { "" } else { "," })?;
                        quote(name, out)?;
                        write!(out, ":{value}")?;
                    }
                    out.write_char('}')
                }
            }
        }
    }

    fn quote(text: &str, out: &mut Formatter) -> fmt::Result {
        out.write_char('"')?;
        for c in text.chars() {
            match c {
                '"' | '\\' => write!(out, "\\{c}")?,
                c if c < ' ' => write!(out, "\\u{:04x}", c as u32)?,
                c => out.write_char(c)?,
            }
        }
        out.write_char('"')
    }

    struct Reader<'a> {
        text: &'a str,
        at: usize,
    }

    impl Reader<'_> {
        fn fault<T>(&self, what: &str) -> Result<T, String> {
            Err(format!("not JSON: {what} at byte {}", self.at))
        }

        /// The next byte that is not blank.
        fn peek(&mut self) -> Option<u8> {
            let bytes = self.text.as_bytes();
            while self.at < bytes.len() && bytes[self.at] <= b' ' {
                self.at += 1;
            }
            bytes.get(self.at).copied()
        }

        fn value(&mut self) -> Result<Json, String> {
            match self.peek() {
                Some(b'{') => self.object(),
                Some(b'[') => self.array(),
                Some(b'"') => Ok(Json::Text(self.string()?)),
                Some(b't') => self.word("true", Json::Bool(true)),
                Some(b'f') => self.word("false", Json::Bool(false)),
                Some(b'n') => self.word("null", Json::Null),
                _ => self.number(),
            }
        }

        fn object(&mut self) -> Result<Json, String> {
            let mut members = Vec::new();
            self.at += 1;
            while !self.closes(b'}') {
                self.peek();
                let name = self.string()?;
                if self.peek() != Some(b':') {
                    return self.fault("expected a colon");
                }
                self.at += 1;
                members.push((name, self.value()?));
            }
            Ok(Json::Object(members))
        }

        fn array(&mut self) -> Result<Json, String> {
            let mut items = Vec::new();
            self.at += 1;
            while !self.closes(b']') {
                items.push(self.value()?);
            }
            Ok(Json::Array(items))
        }

        /// Skip a comma; tell whether the bracket is closed here.
        fn closes(&mut self, bracket: u8) -> bool {
            if self.peek() == Some(b',') {
                self.at += 1;
            }
            let closed = self.peek() == Some(bracket);
            self.at += usize::from(closed);
            closed
        }

        fn word(&mut self, word: &str, meaning: Json) -> Result<Json, String> {
            if !self.text[self.at..].starts_with(word) {
                return self.fault("unknown word");
            }
            self.at += word.len();
            Ok(meaning)
        }

        fn number(&mut self) -> Result<Json, String> {
            let rest = &self.text[self.at..];
            let end = rest.find(|c| !"+-.eE0123456789".contains(c)).unwrap_or(rest.len());
            match rest[..end].parse() {
                Ok(number) => {
                    self.at += end;
                    Ok(Json::Number(number))
                }
                Err(_) => self.fault("expected a value"),
            }
        }

        fn string(&mut self) -> Result<String, String> {
            let mut units = Vec::new(); // UTF-16: what \u escapes stand for
            let mut chars = self.text[self.at..].char_indices();
            if chars.next().map(|(_, c)| c) != Some('"') {
                return self.fault("expected a text");
            }
            while let Some((i, c)) = chars.next() {
                match c {
                    '"' => {
                        self.at += i + 1;
                        return Ok(String::from_utf16_lossy(&units));
                    }
                    '\\' => units.push(match chars.next() {
                        Some((_, 'n')) => u16::from(b'\n'),
                        Some((_, 't')) => u16::from(b'\t'),
                        Some((_, 'r')) => u16::from(b'\r'),
                        Some((_, 'b')) => 8,
                        Some((_, 'f')) => 12,
                        Some((_, 'u')) => {
                            let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                            u16::from_str_radix(&digits, 16).map_err(|e| e.to_string())?
                        }
                        Some((_, other)) => other as u16,
                        None => break,
                    }),
                    c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
                }
            }
            self.fault("text without an end")
        }
    }
}
