//! Pixels as a PNG file, and a file as base64: what stands in a picture where every pixel counts.
//!
//! The encoder is small and depends on nothing, since it is in every learner's build: fixed Huffman codes, and the
//! last place where three bytes stood as the one candidate for a repetition. The pictures of lessons (bands of colour,
//! digits on black) become a tenth of their size or less by that. Equal pixels give equal bytes, for ever.

/// A colour: red, green, blue, and how opaque it is.
pub(super) type Pixel = [u8; 4];

/// The pixels, row by row from the top, as a PNG file: in shades of grey or a palette where these will do.
pub(super) fn encode(width: usize, pixels: &[Pixel]) -> Vec<u8> {
    let height = pixels.len().checked_div(width).unwrap_or(0);
    let (kind, palette, bytes_each, bytes) = sorted(pixels);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend((width as u32).to_be_bytes());
    header.extend((height as u32).to_be_bytes());
    header.extend([8, kind, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &header);
    if let Some(palette) = &palette {
        let colors = palette.iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
        chunk(&mut file, b"PLTE", &colors.collect::<Vec<_>>());
        if palette.iter().any(|pixel| pixel[3] < 255) {
            chunk(&mut file, b"tRNS", &palette.iter().map(|pixel| pixel[3]).collect::<Vec<_>>());
        }
    }
    let mut rows = Vec::with_capacity(bytes.len() + height);
    for row in bytes.chunks((width * bytes_each).max(1)) {
        rows.push(0); // no filter
        rows.extend_from_slice(row);
    }
    chunk(&mut file, b"IDAT", &zlib(&rows));
    chunk(&mut file, b"IEND", &[]);
    file
}

/// The kind of PNG that the pixels need, its palette if it has one, the bytes of a pixel, and all of them.
fn sorted(pixels: &[Pixel]) -> (u8, Option<Vec<Pixel>>, usize, Vec<u8>) {
    if pixels.iter().all(|[red, green, blue, alpha]| red == green && red == blue && *alpha == 255) {
        return (0, None, 1, pixels.iter().map(|pixel| pixel[0]).collect());
    }
    let mut palette: Vec<Pixel> = Vec::new();
    let mut places = Vec::with_capacity(pixels.len());
    for pixel in pixels {
        let place = palette.iter().position(|it| it == pixel).unwrap_or_else(|| {
            palette.push(*pixel);
            palette.len() - 1
        });
        let Ok(place) = u8::try_from(place) else {
            let is_opaque = pixels.iter().all(|pixel| pixel[3] == 255);
            let (kind, each) = if is_opaque { (2, 3) } else { (6, 4) };
            let bytes = pixels.iter().flat_map(|pixel| &pixel[..each]).copied().collect();
            return (kind, None, each, bytes);
        };
        places.push(place);
    }
    (3, Some(palette), 1, places)
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend_from_slice(name);
    file.extend_from_slice(data);
    let checksum = crc32(&file[start..]);
    file.extend(checksum.to_be_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(!0, step)
}

fn adler32(bytes: &[u8]) -> u32 {
    const PRIME: u32 = 65_521;
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % PRIME;
        (a, (b + a) % PRIME)
    });
    b << 16 | a
}

/// The bytes in zlib's format.
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Bits { bytes: vec![0x78, 0x01], waiting: 0, count: 0 };
    bits.put(0b011, 3); // the last block, of fixed codes
    let mut last_places = vec![usize::MAX; 1 << 13];
    let mut at = 0;
    while at < bytes.len() {
        let (length, distance) = repetition(bytes, at, &mut last_places);
        if length < 3 {
            bits.symbol(u32::from(bytes[at]));
            at += 1;
            continue;
        }
        let (code, extra, rest) = range_of(&LENGTHS, length);
        bits.symbol(257 + code);
        bits.put(rest, extra);
        let (code, extra, rest) = range_of(&DISTANCES, distance);
        bits.reversed(code, 5);
        bits.put(rest, extra);
        for skipped in at + 1..at + length {
            note(bytes, skipped, &mut last_places);
        }
        at += length;
    }
    bits.symbol(256);
    bits.put(0, (8 - bits.count) % 8);
    bits.bytes.extend(adler32(bytes).to_be_bytes());
    bits.bytes
}

/// How many bytes from `at` on stood at one earlier place, and how far back that is.
fn repetition(bytes: &[u8], at: usize, last_places: &mut [usize]) -> (usize, usize) {
    let before = note(bytes, at, last_places);
    let Some(distance) = at.checked_sub(before).filter(|distance| (1..=32_768).contains(distance))
    else {
        return (0, 0);
    };
    let same = bytes[at..].iter().zip(&bytes[before..]).take(258);
    (same.take_while(|(one, other)| one == other).count(), distance)
}

/// Notes that the next three bytes stand here; gives the last place that was noted for these, or for others.
fn note(bytes: &[u8], at: usize, last_places: &mut [usize]) -> usize {
    let Some(&[a, b, c]) = bytes[at..].first_chunk() else { return usize::MAX };
    let number = u32::from_le_bytes([a, b, c, 0]).wrapping_mul(0x9e37_79b1) >> 19;
    std::mem::replace(&mut last_places[number as usize], at)
}

/// The first number of each range of lengths or distances, and how many bits tell the place in it.
type Ranges = [(usize, u32)];

const LENGTHS: [(usize, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

const DISTANCES: [(usize, u32); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

/// The number of the range that a length or distance is in, its bits, and the place in it.
fn range_of(ranges: &Ranges, number: usize) -> (u32, u32, u32) {
    let code = ranges.partition_point(|(first, _)| *first <= number).saturating_sub(1);
    let (first, extra) = ranges[code];
    (code as u32, extra, (number - first) as u32)
}

/// Bits on their way into bytes, the lowest first.
struct Bits {
    bytes: Vec<u8>,
    waiting: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.waiting |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.waiting as u8);
            self.waiting >>= 8;
            self.count -= 8;
        }
    }

    /// A Huffman code, whose highest bit comes first.
    fn reversed(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    /// A byte, the end or a length, by the fixed codes.
    fn symbol(&mut self, symbol: u32) {
        match symbol {
            0..144 => self.reversed(0x30 + symbol, 8),
            144..256 => self.reversed(0x190 + symbol - 144, 9),
            256..280 => self.reversed(symbol - 256, 7),
            _ => self.reversed(0xc0 + symbol - 280, 8),
        }
    }
}

/// Bytes as text.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let number = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place <= three.len() { letter } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data of a chunk; its checksum is looked at too.
    fn data<'a>(file: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        let mut rest = &file[8..];
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            let (body, after) = after.split_at(4 + length);
            let (checksum, after) = after.split_first_chunk::<4>().expect("a chunk ends in one");
            assert_eq!(crc32(body), u32::from_be_bytes(*checksum));
            if &body[..4] == name {
                return Some(&body[4..]);
            }
            rest = after;
        }
        None
    }

    fn check(width: usize, pixels: &[Pixel], kind: u8, bytes: &[u8]) {
        let file = encode(width, pixels);
        let header = data(&file, b"IHDR").expect("the header");
        assert_eq!(header[..4], (width as u32).to_be_bytes());
        assert_eq!(header[4..8], ((pixels.len() / width) as u32).to_be_bytes());
        assert_eq!(header[9], kind);
        let rows = data(&file, b"IDAT").expect("the pixels");
        let rows =
            miniz_oxide::inflate::decompress_to_vec_zlib(rows).expect("another's decoder reads it");
        assert_eq!(rows, bytes);
    }

    #[test]
    fn each_kind_is_read_by_a_decoder() {
        check(2, &[[0, 0, 0, 255], [9, 9, 9, 255]], 0, &[0, 0, 9]);
        let red = [255, 0, 0, 255];
        check(1, &[red, [1, 2, 3, 0], red], 3, &[0, 0, 0, 1, 0, 0]);
        let file = encode(1, &[red, [1, 2, 3, 0]]);
        assert_eq!(data(&file, b"PLTE"), Some(&[255, 0, 0, 1, 2, 3][..]));
        assert_eq!(data(&file, b"tRNS"), Some(&[255, 0][..]));
        let many = (0..300u32).map(|n| [n as u8, (n >> 8) as u8, 7, 255]).collect::<Vec<_>>();
        let bytes =
            many.iter().flat_map(|pixel| [&[0][..], &pixel[..3]].concat()).collect::<Vec<_>>();
        check(1, &many, 2, &bytes);
        let mut clear = many.clone();
        clear[0][3] = 0;
        let bytes =
            clear.iter().flat_map(|pixel| [&[0][..], &pixel[..]].concat()).collect::<Vec<_>>();
        check(1, &clear, 6, &bytes);
    }

    #[test]
    fn repetitions_of_all_lengths_and_distances_are_read_back() {
        let mut number = 1u32;
        let mut next = |end: u32| {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 8) % end
        };
        for _ in 0..200 {
            let mut bytes = Vec::new();
            while bytes.len() < 70_000 && next(60) > 0 {
                let (byte, count) = (next(256) as u8, 1 + next(700) as usize);
                match next(3) {
                    0 => bytes.extend(std::iter::repeat_n(byte, count)),
                    1 => bytes.extend((0..count).map(|_| next(256) as u8)),
                    _ => {
                        let from = next(bytes.len() as u32 + 1) as usize;
                        let to = (from + count).min(bytes.len());
                        bytes.extend_from_within(from..to);
                    }
                }
            }
            let read = miniz_oxide::inflate::decompress_to_vec_zlib(&zlib(&bytes));
            assert!(read.expect("another's decoder reads it") == bytes);
        }
    }

    #[test]
    fn bands_become_small() {
        let bands =
            (0..240 * 150).map(|n| [(n % 240 / 20 + n / 240 / 30) as u8 * 9; 4]).map(|mut it| {
                it[3] = 255;
                it
            });
        let size = encode(240, &bands.collect::<Vec<_>>()).len();
        assert!(size < 5_000, "{size}");
    }

    #[test]
    fn checksums_and_base64_are_the_known_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
