//! Products of matrices, and Einstein sums of two tensors as such.

use super::shape::{reshaped, transposed};
use super::{NodeCall, convolution};
use crate::error::Error;
use crate::format::tfjs::graph::emit::Emitter;
use crate::format::tfjs::graph::value::{ChannelLayout, Value};

/// The letters of an Einstein sum of two tensors: `ab,bc->ac`.
struct Equation {
    left: Vec<char>,
    right: Vec<char>,
    result: Vec<char>,
}

impl Equation {
    fn parse(call: &NodeCall) -> Result<Equation, Error> {
        let text: String = call.text("equation", "").chars().filter(|letter| *letter != ' ').collect();
        let misread =
            || call.error(format!("equation \"{text}\"; expected one of two tensors, such as ab,bc->ac"));
        let (inputs, result) = text.split_once("->").ok_or_else(misread)?;
        let (left, right) = inputs.split_once(',').ok_or_else(misread)?;
        let letters = |part: &str| {
            let letters: Vec<char> = part.chars().collect();
            let distinct = (1..letters.len()).all(|n| !letters[..n].contains(&letters[n]));
            (distinct && letters.iter().all(char::is_ascii_alphabetic)).then_some(letters)
        };
        let parts = (letters(left), letters(right), letters(result));
        let (Some(left), Some(right), Some(result)) = parts else { return Err(misread()) };
        let equation = Equation { left, right, result };
        let known = |letter: &char| equation.left.contains(letter) || equation.right.contains(letter);
        let used =
            |(letter, other): (&char, &[char])| other.contains(letter) || equation.result.contains(letter);
        let left_used = equation.left.iter().all(|letter| used((letter, &equation.right)));
        let right_used = equation.right.iter().all(|letter| used((letter, &equation.left)));
        match equation.result.iter().all(known) && left_used && right_used {
            true => Ok(equation),
            false => Err(misread()),
        }
    }
}

/// The letters of `from` for which `keep` holds.
fn only(from: &[char], keep: impl Fn(&char) -> bool) -> Vec<char> {
    from.iter().copied().filter(keep).collect()
}

/// `[shared.., left.., summed..] x [shared.., summed.., right..]`, which is what a product of matrices is.
pub fn einsum(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let Equation { left, right, result } = Equation::parse(call)?;
    let (a, b) = (call.input(0)?, call.input(1)?);
    if a.dims().len() != left.len() || b.dims().len() != right.len() {
        return Err(call.error(format!("shapes {:?} and {:?} do not fit its equation", a.dims(), b.dims())));
    }
    let size = |letter: &char| match (position(&left, *letter), position(&right, *letter)) {
        (Some(n), Some(m)) if a.dims()[n] != b.dims()[m] => {
            Err(call.error(format!("shapes {:?} and {:?} do not fit its equation", a.dims(), b.dims())))
        }
        (Some(n), _) => Ok(a.dims()[n]),
        (None, Some(m)) => Ok(b.dims()[m]),
        (None, None) => Ok(1),
    };
    let sizes = |letters: &[char]| letters.iter().map(size).collect::<Result<Vec<_>, _>>();
    let shared = only(&result, |l| left.contains(l) && right.contains(l));
    let summed = only(&left, |l| right.contains(l) && !result.contains(l));
    let lefts = only(&result, |l| left.contains(l) && !right.contains(l));
    let rights = only(&result, |l| right.contains(l) && !left.contains(l));
    let product: Vec<char> = [&shared[..], &lefts, &rights].concat();

    let x = arranged(net, a, &left, &[&shared[..], &lefts, &summed].concat());
    let y = arranged(net, b, &right, &[&shared[..], &summed, &rights].concat());
    // Many axes on the left against one matrix, as in a dense layer, need not be flattened.
    let dense = shared.is_empty() && summed.len() == 1 && rights.len() == 1 && !lefts.is_empty();
    let dims = sizes(&product)?;
    let made = if dense {
        let (x, y) = (net.plain(&x), net.plain(&y));
        net.node("MatMul", &[&x, &y], vec![], dims.clone(), ChannelLayout::Plain)
    } else {
        let all = |letters: &[char]| sizes(letters).map(|sizes| sizes.iter().product::<usize>());
        let batch = sizes(&shared)?;
        let x = flattened(net, &x, [&batch[..], &[all(&lefts)?, all(&summed)?]].concat());
        let y = flattened(net, &y, [&batch[..], &[all(&summed)?, all(&rights)?]].concat());
        let product = net.raw("MatMul", &[&x, &y], vec![]);
        reshaped(net, &product, dims.clone())
    };
    let perm: Vec<usize> = result.iter().filter_map(|&letter| position(&product, letter)).collect();
    let name = net.plain(&made);
    Ok(transposed(net, &name, &dims, &perm))
}

fn position(letters: &[char], letter: char) -> Option<usize> {
    letters.iter().position(|&other| other == letter)
}

/// A value with its axes in the order of `to` instead of `from`.
fn arranged(net: &mut Emitter, value: &Value, from: &[char], to: &[char]) -> Value {
    let perm: Vec<usize> = to.iter().filter_map(|&letter| position(from, letter)).collect();
    if let Some(known) = value.known().and_then(|known| known.transposed(&perm)) {
        return Value::Known(known);
    }
    let name = net.plain(value);
    transposed(net, &name, value.dims(), &perm)
}

/// The name of a value in another shape.
fn flattened(net: &mut Emitter, value: &Value, dims: Vec<usize>) -> std::rc::Rc<str> {
    if value.dims() == dims {
        return net.plain(value);
    }
    if let Some(known) = value.known().and_then(|known| known.reshaped(&dims)) {
        return net.constant(&known);
    }
    let name = net.plain(value);
    let value = reshaped(net, &name, dims);
    net.plain(&value)
}

/// A product of matrices, of which either may be transposed.
pub fn matmul(call: &NodeCall, net: &mut Emitter) -> Result<Value, Error> {
    let side = |net: &mut Emitter, index: usize, flags: [&str; 2]| {
        let value = call.input(index)?;
        let rank = value.dims().len();
        if rank < 2 {
            return Err(call.error(format!("expected matrices, found shape {:?}", value.dims())));
        }
        if !flags.iter().any(|flag| call.flag(flag)) {
            return Ok(value.clone());
        }
        let mut perm: Vec<usize> = (0..rank).collect();
        perm.swap(rank - 2, rank - 1);
        if let Some(known) = value.known() {
            return call.folded(known.transposed(&perm));
        }
        let name = net.plain(value);
        Ok(transposed(net, &name, value.dims(), &perm))
    };
    let a = side(net, 0, ["transpose_a", "adj_x"])?;
    let b = side(net, 1, ["transpose_b", "adj_y"])?;
    let (ranks, [m, k]) = ((a.dims().len(), b.dims().len()), last_two(a.dims()));
    let [l, n] = last_two(b.dims());
    let batch =
        crate::format::tfjs::graph::fold::broadcast_shape(&a.dims()[..ranks.0 - 2], &b.dims()[..ranks.1 - 2]);
    let batch = batch.filter(|_| k == l);
    let batch = batch.ok_or_else(|| {
        call.error(format!("shapes {:?} and {:?} do not fit each other", a.dims(), b.dims()))
    })?;
    let (x, y) = (net.plain(&a), net.plain(&b));
    let dims = [&batch[..], &[m, n]].concat();
    let product = net.node("MatMul", &[&x, &y], vec![], dims, ChannelLayout::Plain);
    convolution::fused(call, net, product)
}

fn last_two(dims: &[usize]) -> [usize; 2] {
    match dims {
        [.., a, b] => [*a, *b],
        _ => [1, 1],
    }
}
