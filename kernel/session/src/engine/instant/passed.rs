//! The lines of the learner's functions that an error has passed on its way to the cell.
//!
//! What the prelude has noted is read here; `questions` has where it notes. Pure; `run` asks.

use std::ops::Range;

use ra_ap_syntax::ast::{self, HasName};
use ra_ap_syntax::{AstNode, SyntaxNode, TextSize};

use super::places::Generated;
use super::words::words;
use crate::engine::syntax::{Tree, cell_offset};
use crate::engine::traceback::{Place, Sources};

/// The places that an error has passed, the outermost first, with the functions that they are in. `calls` are what
/// the prelude has noted, the innermost first; `place` is the `?` of the cell.
pub fn frames(
    calls: &str,
    place: &Place,
    generated: &Generated,
    sources: &Sources,
) -> Vec<(Place, Option<String>)> {
    let mut frames = vec![(place.clone(), None)];
    for line in calls.lines().rev() {
        let Some(next) = noted(line, generated) else { break };
        let Some(name) = function(&next, sources) else { break };
        let outer = frames.last().map_or(place, |it| &it.0);
        // A place that was left over from an error that was handled is in no function that is called here.
        if !mentions(outer, &name, sources) && !is_of_closure(&next, outer, sources) {
            break;
        }
        frames.push((next, Some(name)));
    }
    frames
}

fn noted(line: &str, generated: &Generated) -> Option<Place> {
    let mut parts = line.rsplitn(3, ':');
    let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    generated.place(parts.next()?, line, column)
}

/// The name of the function that a place is in.
fn function(place: &Place, sources: &Sources) -> Option<String> {
    let text = sources.get(&place.cell)?;
    let before: usize = text.split_inclusive('\n').take(place.start.0 as usize).map(str::len).sum();
    let line = text.get(before..)?.split('\n').next()?;
    let at = before + line.len() - line.trim_start().len();
    let tree = Tree::parse(text);
    let range = |it: &ast::Fn| -> Range<usize> {
        let range = it.syntax().text_range();
        cell_offset(range.start())..cell_offset(range.end())
    };
    let functions = tree.root().descendants().filter_map(ast::Fn::cast);
    // The function around the cell is no learner's.
    let own = functions.filter(|it| it.syntax().text_range().start() > TextSize::new(0));
    let inner = own.filter(|it| range(it).contains(&at)).last()?;
    Some(inner.name()?.text().to_string())
}

/// Whether a place is in a closure that the function of another place calls there: the closure stands there, or what was made
/// with it is named there.
fn is_of_closure(place: &Place, outer: &Place, sources: &Sources) -> bool {
    let Some(text) = sources.get(&place.cell).filter(|_| place.cell == outer.cell) else {
        return false;
    };
    let (at, outer_at) = (offset(text, place), offset(text, outer));
    let is_in = |node: &SyntaxNode, at: usize| {
        let range = node.text_range();
        (cell_offset(range.start())..cell_offset(range.end())).contains(&at)
    };
    let tree = Tree::parse(text);
    let closures = tree.root().descendants().filter_map(ast::ClosureExpr::cast);
    let mut own = closures.filter(|it| is_in(it.syntax(), at) && !is_in(it.syntax(), outer_at));
    own.any(|closure| {
        let statement = closure.syntax().ancestors().find_map(ast::LetStmt::cast);
        let stands_there = statement.as_ref().is_some_and(|it| is_in(it.syntax(), outer_at))
            || closure
                .syntax()
                .ancestors()
                .any(|it| ast::TryExpr::can_cast(it.kind()) && is_in(&it, outer_at));
        let pattern = statement.and_then(|it| it.pat());
        let names = pattern.iter().flat_map(|it| it.syntax().descendants());
        let mut names = names.filter_map(ast::Name::cast);
        stands_there || names.any(|it| mentions(outer, it.text(), sources))
    })
}

/// Where in a cell's text a place begins.
fn offset(text: &str, place: &Place) -> usize {
    let (line, column) = place.start;
    let before: usize = text.split_inclusive('\n').take(line as usize).map(str::len).sum();
    text[before..].char_indices().nth(column as usize).map_or(text.len(), |(at, _)| before + at)
}

/// Whether the line of a place, or a `?` that begins or ends there, mentions a name.
fn mentions(place: &Place, name: &str, sources: &Sources) -> bool {
    let Some(text) = sources.get(&place.cell) else { return false };
    let has_name = |code: &str| words(code).any(|word| word == name);
    let number = place.start.0 as usize;
    if text.lines().nth(number).is_some_and(has_name) {
        return true;
    }
    let line_of = |at: TextSize| {
        let before = text.get(..cell_offset(at)).unwrap_or(text);
        before.matches('\n').count()
    };
    let tries = Tree::parse(text).root().descendants().filter_map(ast::TryExpr::cast);
    let mut here = tries.filter(|it| {
        let range = it.syntax().text_range();
        line_of(range.start()) == number || line_of(range.end()) == number
    });
    here.any(|it| has_name(&it.syntax().text().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CellId;

    #[test]
    fn functions_are_named() {
        let cell = CellId::Counted(1);
        let text = "fn a() {\n  1\n}\nimpl B {\n  fn c() { 2 }\n}\na()";
        let sources: Sources = [(cell, text.to_owned())].into();
        let name = |line| function(&Place { cell, start: (line, 0), end: (line, 1) }, &sources);
        assert_eq!((name(1), name(4), name(6)), (Some("a".into()), Some("c".into()), None));
    }
}
