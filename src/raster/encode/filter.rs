//! PNG's row filters (PNG third edition, section 9) and the choice among them.

/// The five filters, by their number in the file.
#[derive(Clone, Copy)]
enum Filter {
    None = 0,
    Sub = 1,
    Up = 2,
    Average = 3,
    Paeth = 4,
}

/// Appends the rows to `out`, each behind the number of its filter: the one whose filtered bytes, read as signed,
/// have the smallest sum of magnitudes, as the specification suggests (12.7). The first row is filtered without the
/// row above, so that a band can be filtered without the band above.
///
/// `bpp` is the number of bytes per pixel, `stride` the number per row; `rows` holds whole rows.
pub(super) fn filter_rows(rows: &[u8], stride: usize, bpp: usize, out: &mut Vec<u8>) {
    let mut best = vec![0; stride];
    let mut candidate = vec![0; stride];
    let mut above: Option<&[u8]> = None;
    for row in rows.chunks_exact(stride) {
        let mut chosen = Filter::None;
        let mut least = magnitude(row);
        best.copy_from_slice(row);
        let others = match above {
            None => &[Filter::Sub][..],
            Some(_) => &[Filter::Sub, Filter::Up, Filter::Average, Filter::Paeth],
        };
        for &filter in others {
            apply(filter, row, above.unwrap_or(&[]), bpp, &mut candidate);
            let sum = magnitude(&candidate);
            if sum < least {
                least = sum;
                chosen = filter;
                std::mem::swap(&mut best, &mut candidate);
            }
        }
        out.push(chosen as u8);
        out.extend_from_slice(&best);
        above = Some(row);
    }
}

/// Appends the rows unfiltered.
pub(super) fn plain_rows(rows: &[u8], stride: usize, out: &mut Vec<u8>) {
    for row in rows.chunks_exact(stride) {
        out.push(Filter::None as u8);
        out.extend_from_slice(row);
    }
}

/// The sum of the bytes' magnitudes as signed numbers. The smaller of a byte and its complement is what vectorises on
/// every x86-64; sums of a block fit 16 bits.
fn magnitude(bytes: &[u8]) -> u64 {
    const BLOCK: usize = 256;
    let block_sum =
        |block: &[u8]| block.iter().fold(0u16, |sum, &byte| sum + u16::from(byte.min(byte.wrapping_neg())));
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut sum = u64::from(block_sum(rest));
    for block in blocks {
        sum += u64::from(block_sum(block));
    }
    sum
}

/// Filters one row. The first pixel has none to its left: there `left` counts as 0.
fn apply(filter: Filter, row: &[u8], above: &[u8], bpp: usize, out: &mut [u8]) {
    let bpp = bpp.min(row.len());
    let (head, tail) = out.split_at_mut(bpp);
    let left = &row[..row.len() - bpp];
    let here = &row[bpp..];
    match filter {
        Filter::None => out.copy_from_slice(row),
        Filter::Sub => {
            head.copy_from_slice(&row[..bpp]);
            for ((out, &x), &a) in tail.iter_mut().zip(here).zip(left) {
                *out = x.wrapping_sub(a);
            }
        }
        Filter::Up => {
            for ((out, &x), &b) in out.iter_mut().zip(row).zip(above) {
                *out = x.wrapping_sub(b);
            }
        }
        Filter::Average => {
            for ((out, &x), &b) in head.iter_mut().zip(row).zip(above) {
                *out = x.wrapping_sub(b / 2);
            }
            for (((out, &x), &a), &b) in tail.iter_mut().zip(here).zip(left).zip(&above[bpp..]) {
                *out = x.wrapping_sub(((u16::from(a) + u16::from(b)) / 2) as u8);
            }
        }
        Filter::Paeth => {
            for ((out, &x), &b) in head.iter_mut().zip(row).zip(above) {
                *out = x.wrapping_sub(b);
            }
            let corner = &above[..above.len() - bpp];
            for ((((out, &x), &a), &b), &c) in
                tail.iter_mut().zip(here).zip(left).zip(&above[bpp..]).zip(corner)
            {
                *out = x.wrapping_sub(paeth(a, b, c));
            }
        }
    }
}

/// The neighbour nearest to left + above - corner; ties go to left, then above. Written without branches so that it
/// vectorises.
fn paeth(a: u8, b: u8, c: u8) -> u8 {
    let (x, y, z) = (i16::from(a), i16::from(b), i16::from(c));
    let pa = (y - z).abs();
    let pb = (x - z).abs();
    let pc = (x + y - 2 * z).abs();
    let vertical = if pb <= pc { b } else { c };
    if pa <= pb && pa <= pc { a } else { vertical }
}
