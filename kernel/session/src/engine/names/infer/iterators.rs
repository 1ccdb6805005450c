//! What the iterators of the standard library give, by their types' names.

use super::types::{ARRAY, FUNCTION, MUTABLE, REFERENCE, SLICE, TUPLE, Type};

/// What an iterator gives; none of what is no iterator.
pub fn item(of: &Type) -> Option<Type> {
    let reference = |it: Type| Type::reference(it);
    let mutable = |it: Type| Type::new(MUTABLE, vec![it]);
    let tuple = |parts: Vec<Type>| Type::new(TUPLE, parts);
    let text = || Type::reference(Type::named("str"));
    let result_of = |it: Type| it.parts.last().cloned().unwrap_or_else(Type::unknown);
    Some(match (of.name.as_str(), of.parts.len()) {
        ("&" | "&mut", 1) => item(&of.part(0))?,
        ("Box", 1) => item(&of.part(0))?,
        ("Iterator", 1) => of.part(0),
        ("Iter", 1) | ("Keys", 2) => reference(of.part(0)),
        ("IterMut", 1) => mutable(of.part(0)),
        ("Values", 2) => reference(of.part(1)),
        ("ValuesMut", 2) => mutable(of.part(1)),
        ("Iter", 2) => tuple(vec![reference(of.part(0)), reference(of.part(1))]),
        ("IterMut", 2) => tuple(vec![reference(of.part(0)), mutable(of.part(1))]),
        ("IntoIter" | "Drain" | "IntoKeys" | "Range" | "RangeInclusive" | "RangeFrom", 1)
        | ("IntoKeys" | "Splice" | "Repeat" | "Once", 1 | 2) => of.part(0),
        ("IntoIter" | "Drain", 2) => tuple(of.parts.clone()),
        ("IntoValues", 2) => of.part(1),
        ("Windows" | "Chunks" | "ChunksExact" | "RChunks", 1) => {
            reference(Type::new(SLICE, of.parts.clone()))
        }
        ("ChunksMut" | "ChunksExactMut", 1) => mutable(Type::new(SLICE, of.parts.clone())),
        ("Split", 2) => reference(Type::new(SLICE, vec![of.part(0)])),
        ("Chars", 0) | ("Drain", 0) => Type::named("char"),
        ("Bytes", 0) => Type::named("u8"),
        ("CharIndices", 0) => tuple(vec![Type::named("usize"), Type::named("char")]),
        (
            "Lines"
            | "SplitWhitespace"
            | "SplitAsciiWhitespace"
            | "Split"
            | "SplitN"
            | "RSplit"
            | "RSplitN"
            | "SplitTerminator"
            | "SplitInclusive"
            | "Matches",
            0 | 1,
        ) => text(),
        ("MatchIndices", _) => tuple(vec![Type::named("usize"), text()]),
        (
            "Filter" | "Rev" | "Take" | "Skip" | "StepBy" | "TakeWhile" | "SkipWhile" | "Peekable"
            | "Fuse" | "Inspect" | "Cycle" | "Chain",
            _,
        ) => item(&of.part(0))?,
        ("Cloned" | "Copied", _) => item(&of.part(0))?.value().clone(),
        ("Enumerate", _) => tuple(vec![Type::named("usize"), item(&of.part(0))?]),
        ("Zip", 2) => tuple(vec![item(&of.part(0))?, entered(&of.part(1))?]),
        ("Map", 2) => result_of(of.part(1)),
        ("FilterMap" | "MapWhile", 2) => result_of(of.part(1)).part(0),
        ("Scan", 3) => result_of(of.part(2)).part(0),
        ("FlatMap", _) => entered(&result_of(of.part(2))).unwrap_or_else(Type::unknown),
        ("Flatten", _) => entered(&item(&of.part(0))?).unwrap_or_else(Type::unknown),
        ("Args" | "Vars", 0) => Type::named("String"),
        _ => return None,
    })
}

/// What a `for` over a value gives, of the standard library's own.
pub fn entered(of: &Type) -> Option<Type> {
    let inner = of.value();
    let lend = |it: Type| match of.name.as_str() {
        REFERENCE => Type::reference(it),
        MUTABLE => Type::new(MUTABLE, vec![it]),
        _ => it,
    };
    match (inner.name.as_str(), inner.parts.len()) {
        (
            "Vec" | SLICE | ARRAY | "VecDeque" | "HashSet" | "BTreeSet" | "BinaryHeap" | "Option",
            1,
        ) => Some(lend(inner.part(0))),
        ("HashMap" | "BTreeMap", 2) if of.is_reference() => {
            Some(Type::new(TUPLE, vec![Type::reference(inner.part(0)), lend(inner.part(1))]))
        }
        ("HashMap" | "BTreeMap", 2) => Some(Type::new(TUPLE, inner.parts.clone())),
        (FUNCTION, _) => None,
        _ => item(of),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn items_are_told_by_the_iterators_names() {
        for (iterator, expected) in [
            ("Iter<f32>", "&f32"),
            ("Enumerate<Iter<String>>", "(usize, &String)"),
            ("Map<Iter<f32>, fn(&f32) -> f64>", "f64"),
            ("Zip<Iter<f32>, IntoIter<u8>>", "(&f32, u8)"),
            ("Filter<Chars, fn(&char) -> bool>", "char"),
            ("Rev<Range<i32>>", "i32"),
            ("Windows<f64>", "&[f64]"),
            ("Box<dyn Iterator<Item = u8>>", "u8"),
            ("Copied<Iter<f32>>", "f32"),
        ] {
            assert_eq!(item(&Type::parse(iterator).unwrap()).unwrap().to_string(), expected);
        }
        for (of, expected) in [
            ("&Vec<f32>", "&f32"),
            ("Vec<f32>", "f32"),
            ("&HashMap<String, f32>", "(&String, &f32)"),
            ("Range<usize>", "usize"),
            ("&[(i32, u8)]", "&(i32, u8)"),
        ] {
            assert_eq!(entered(&Type::parse(of).unwrap()).unwrap().to_string(), expected);
        }
        assert!(item(&Type::named("f32")).is_none());
    }
}
