//! A port for tautograd with the standard library alone: what the engine can do.
mod protocol;
use protocol::{serve, Answer, Args, Entry, Tensor};

/// What the engine says of itself. Choices that differ from the usual ones join it, as "conventions":{"bce":"probability"}.
const ENGINE: &str = r#""engine":"my engine","version":"0.1","dtype":"f64","tensors":"json""#;

/// CONTRACT.md lists what else can be asked; what is not here is not covered. What is here is judged as the
/// engine's own: put calls of yours in its place, and delete what the engine does not have.
const ENTRIES: &[(&str, Entry)] = &[
    ("activation.identity.forward", identity),
    ("activation.identity.vjp", identity_vjp),
    ("activation.relu.forward", relu),
    ("activation.relu.vjp", relu_vjp),
    ("activation.sigmoid.forward", sigmoid),
    ("activation.sigmoid.vjp", sigmoid_vjp),
    ("loss.mse.forward", mse),
    ("loss.mse.vjp", mse_vjp),
    ("layer.dense.forward", dense),
    ("layer.dense.vjp", dense_vjp),
];

fn main() {
    serve(ENGINE, ENTRIES);
}

fn each(x: &Tensor, f: impl Fn(f64) -> f64) -> Tensor {
    Tensor { shape: x.shape.clone(), data: x.data.iter().map(|&v| f(v)).collect() }
}

fn each_of_two(x: &Tensor, y: &Tensor, f: impl Fn(f64, f64) -> f64) -> Tensor {
    Tensor { shape: x.shape.clone(), data: x.data.iter().zip(&y.data).map(|(&v, &w)| f(v, w)).collect() }
}

fn identity(a: &Args) -> Answer {
    Ok(vec![("y", a.tensor("x")?.clone())])
}

fn identity_vjp(a: &Args) -> Answer {
    Ok(vec![("dx", a.tensor("dy")?.clone())])
}

fn relu(a: &Args) -> Answer {
    // NaN is not <= 0, and stays NaN
    Ok(vec![("y", each(a.tensor("x")?, |v| if v <= 0.0 { 0.0 } else { v }))])
}

fn relu_vjp(a: &Args) -> Answer {
    Ok(vec![("dx", each_of_two(a.tensor("x")?, a.tensor("dy")?, |v, g| if v <= 0.0 { 0.0 } else { g }))])
}

fn sigmoid(a: &Args) -> Answer {
    let f = |v: f64| {
        let e = (-v.abs()).exp(); // never overflows
        (if v < 0.0 { e } else { 1.0 }) / (1.0 + e)
    };
    Ok(vec![("y", each(a.tensor("x")?, f))])
}

fn sigmoid_vjp(a: &Args) -> Answer {
    let f = |v: f64, g: f64| {
        let e = (-v.abs()).exp();
        g * (e / ((1.0 + e) * (1.0 + e))) // y * (1 - y) would lose all digits where y is near 1
    };
    Ok(vec![("dx", each_of_two(a.tensor("x")?, a.tensor("dy")?, f))])
}

/// What a loss of that many terms is divided by.
fn share(a: &Args, terms: usize) -> Result<f64, String> {
    match (a.text("reduction")?, terms) {
        (_, 0) => Err("an empty batch has no loss".into()),
        ("mean", _) => Ok(terms as f64),
        _ => Ok(1.0),
    }
}

fn mse(a: &Args) -> Answer {
    let (p, t) = (a.tensor("prediction")?, a.tensor("target")?);
    let total: f64 = each_of_two(p, t, |p, t| (p - t) * (p - t)).data.iter().sum();
    Ok(vec![("loss", Tensor { shape: vec![], data: vec![total / share(a, p.data.len())?] })])
}

fn mse_vjp(a: &Args) -> Answer {
    let (p, t) = (a.tensor("prediction")?, a.tensor("target")?);
    let n = share(a, p.data.len())?;
    Ok(vec![("dprediction", each_of_two(p, t, |p, t| 2.0 * (p - t) / n))])
}

/// [n, k] times [k, m].
fn matmul(a: &Tensor, b: &Tensor) -> Tensor {
    let (n, k, m) = (a.shape[0], a.shape[1], b.shape[1]);
    let mut data = vec![0.0; n * m];
    for i in 0..n {
        for j in 0..m {
            for l in 0..k {
                data[i * m + j] += a.data[i * k + l] * b.data[l * m + j];
            }
        }
    }
    Tensor { shape: vec![n, m], data }
}

fn transposed(a: &Tensor) -> Tensor {
    let (n, m) = (a.shape[0], a.shape[1]);
    Tensor { shape: vec![m, n], data: (0..n * m).map(|i| a.data[i % n * m + i / n]).collect() }
}

fn dense(a: &Args) -> Answer {
    let b = a.tensor("b")?;
    let mut y = matmul(a.tensor("x")?, a.tensor("w")?);
    for (i, v) in y.data.iter_mut().enumerate() {
        *v += b.data[i % b.data.len()];
    }
    Ok(vec![("y", y)])
}

fn dense_vjp(a: &Args) -> Answer {
    let dy = a.tensor("dy")?;
    let mut db = each(a.tensor("b")?, |_| 0.0);
    let out = db.data.len();
    for (i, g) in dy.data.iter().enumerate() {
        db.data[i % out] += g;
    }
    Ok(vec![
        ("dx", matmul(dy, &transposed(a.tensor("w")?))),
        ("dw", matmul(&transposed(a.tensor("x")?), dy)),
        ("db", db),
    ])
}
