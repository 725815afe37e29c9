//! The run lengths of BMP (BI_RLE8 and BI_RLE4).

/// Expands run lengths into one palette index a pixel, rows in the order of the file; what is skipped stays as it is.
/// Says what is missing, if anything is.
pub(super) fn expand(bytes: &[u8], nibbles: bool, width: usize, out: &mut [u8]) -> Option<String> {
    let height = out.len() / width;
    // Some writers leave the ends of rows out: a full row is followed by the next. Others code rows that are wider than the
    // picture: what is over is no part of the next one.
    let mut picture = Codes { bytes, nibbles }.take_while(|code| !matches!(code, Code::End));
    let ends = picture.any(|code| matches!(code, Code::RowEnd));
    let mut cursor = Cursor { x: 0, y: 0, width, out };
    for code in (Codes { bytes, nibbles }) {
        if cursor.y >= height {
            return None;
        }
        if !ends && cursor.x >= width {
            cursor.next_row();
        }
        match code {
            Code::RowEnd => cursor.next_row(),
            Code::End => return None,
            Code::Skip { right, down } => {
                cursor.x = (cursor.x + right).min(width);
                cursor.y += down;
            }
            Code::Literal { bytes, length } => {
                for i in 0..length {
                    let Some(&byte) = bytes.get(if nibbles { i / 2 } else { i }) else { break };
                    cursor.put(if nibbles { nibble(byte, i) } else { byte });
                }
            }
            Code::Run { length, value } => {
                for i in 0..length {
                    cursor.put(if nibbles { nibble(value, i) } else { value });
                }
            }
        }
    }
    // Some writers leave the end of the picture out.
    let written = cursor.y * width + cursor.x;
    (written < cursor.out.len()).then(|| format!("run lengths for {written} of {} pixels", cursor.out.len()))
}

enum Code<'a> {
    RowEnd,
    End,
    Skip {
        right: usize,
        down: usize,
    },
    /// `length` pixels; of a file that ends early, fewer bytes.
    Literal {
        bytes: &'a [u8],
        length: usize,
    },
    Run {
        length: usize,
        value: u8,
    },
}

/// The codes of a file; what is left of it.
struct Codes<'a> {
    bytes: &'a [u8],
    nibbles: bool,
}

impl<'a> Iterator for Codes<'a> {
    type Item = Code<'a>;

    fn next(&mut self) -> Option<Code<'a>> {
        let [count, value, rest @ ..] = self.bytes else { return None };
        self.bytes = rest;
        Some(match (*count, *value) {
            (0, 0) => Code::RowEnd,
            (0, 1) => Code::End,
            (0, 2) => {
                let [right, down, rest @ ..] = self.bytes else { return None };
                self.bytes = rest;
                Code::Skip { right: usize::from(*right), down: usize::from(*down) }
            }
            (0, length) => {
                let length = usize::from(length);
                let size = if self.nibbles { length.div_ceil(2) } else { length };
                let bytes = &rest[..size.min(rest.len())];
                self.bytes = rest.get(size.next_multiple_of(2)..).unwrap_or(&[]);
                Code::Literal { bytes, length }
            }
            (length, value) => Code::Run { length: usize::from(length), value },
        })
    }
}

/// The upper half of a byte for even pixels, the lower for odd ones.
fn nibble(byte: u8, i: usize) -> u8 {
    if i.is_multiple_of(2) { byte >> 4 } else { byte & 15 }
}

struct Cursor<'a> {
    x: usize,
    y: usize,
    width: usize,
    out: &'a mut [u8],
}

impl Cursor<'_> {
    fn next_row(&mut self) {
        self.x = 0;
        self.y += 1;
    }

    /// Writes a pixel; what goes beyond the row is dropped.
    fn put(&mut self, index: u8) {
        if self.x < self.width
            && let Some(out) = self.out.get_mut(self.y * self.width + self.x)
        {
            *out = index;
            self.x += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(bytes: &[u8], nibbles: bool) -> (Vec<u8>, Option<String>) {
        let mut out = vec![0; 6];
        let missing = expand(bytes, nibbles, 3, &mut out);
        (out, missing)
    }

    #[test]
    fn what_is_over_in_a_row_is_no_part_of_the_next() {
        let padded = [3, 7, 1, 9, 0, 0, 4, 8, 0, 0, 0, 1];
        assert_eq!(expanded(&padded, false), (vec![7, 7, 7, 8, 8, 8], None));
        let literal = [0, 4, 1, 2, 3, 9, 0, 0, 2, 5, 1, 6, 1, 9, 0, 1];
        assert_eq!(expanded(&literal, false), (vec![1, 2, 3, 5, 5, 6], None));
    }

    #[test]
    fn without_ends_of_rows_a_full_row_is_followed_by_the_next() {
        assert_eq!(expanded(&[3, 7, 2, 8, 1, 9, 0, 1, 0, 0], false), (vec![7, 7, 7, 8, 8, 9], None));
        assert_eq!(expanded(&[3, 0x12, 3, 0x34], true), (vec![1, 2, 1, 3, 4, 3], None));
    }

    #[test]
    fn skipped_pixels_stay_and_missing_ones_are_told() {
        assert_eq!(expanded(&[1, 5, 0, 2, 1, 1, 1, 6, 0, 1], false), (vec![5, 0, 0, 0, 0, 6], None));
        let (out, missing) = expanded(&[3, 7, 0, 0, 1, 8], false);
        assert_eq!((out, missing.unwrap()), (vec![7, 7, 7, 8, 0, 0], "run lengths for 4 of 6 pixels".into()));
    }
}
