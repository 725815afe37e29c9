//! The run lengths of BMP (BI_RLE8 and BI_RLE4).

/// Expands run lengths into one palette index a pixel, rows in the order of the file; what is skipped stays as it is.
/// Says what is missing, if anything is.
pub(super) fn expand(bytes: &[u8], nibbles: bool, width: usize, out: &mut [u8]) -> Option<String> {
    let height = out.len() / width;
    let mut cursor = Cursor { x: 0, y: 0, width, out };
    let mut rest = bytes;
    while cursor.y < height {
        let [count, value, after @ ..] = rest else {
            // Some writers leave the end of the picture out.
            let written = cursor.y * width + cursor.x;
            return (written < cursor.out.len())
                .then(|| format!("run lengths for {written} of {} pixels", cursor.out.len()));
        };
        rest = after;
        match (*count, *value) {
            (0, 0) => cursor.next_row(),
            (0, 1) => return None,
            (0, 2) => {
                let [right, down, after @ ..] = rest else { continue };
                rest = after;
                cursor.wrap();
                cursor.x = (cursor.x + usize::from(*right)).min(width);
                cursor.y += usize::from(*down);
            }
            (0, length) => {
                let length = usize::from(length);
                let size = if nibbles { length.div_ceil(2) } else { length };
                let literal = &rest[..size.min(rest.len())];
                cursor.wrap();
                for i in 0..length {
                    let Some(&byte) = literal.get(if nibbles { i / 2 } else { i }) else { break };
                    cursor.put(if nibbles { nibble(byte, i) } else { byte });
                }
                rest = rest.get(size.next_multiple_of(2)..).unwrap_or(&[]);
            }
            (count, value) => {
                cursor.wrap();
                for i in 0..usize::from(count) {
                    cursor.put(if nibbles { nibble(value, i) } else { value });
                }
            }
        }
    }
    None
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

    /// Goes to the next row where the row is full: its end may have been left out.
    fn wrap(&mut self) {
        if self.x >= self.width {
            self.next_row();
        }
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
