//! The texts of a notebook as HTML: Markdown, and formulas as MathML, which browsers draw by themselves.
//!
//! Of the HTML in a text, a few elements without attributes stay, such as `<details>` around an answer; the rest is shown
//! as it was typed.

use std::panic::catch_unwind;

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use pulldown_latex::config::DisplayMode;
use pulldown_latex::{RenderConfig, Storage};

use super::{address, escaped, picture};
use crate::engine::outcome::MimeBundle;

/// The elements that a text may have as HTML.
const ELEMENTS: [&str; 16] = [
    "details", "summary", "br", "hr", "b", "i", "em", "strong", "u", "s", "sub", "sup", "kbd",
    "mark", "small", "center",
];

/// Where the pictures of a text come from.
#[derive(Clone, Copy)]
pub struct Pictures<'a> {
    /// What the cell has with it.
    pub attachments: &'a MimeBundle,
    /// Reads a file beside the notebook.
    pub file: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

impl Pictures<'_> {
    /// The address of a picture, which holds the picture itself.
    fn address(&self, named: &str) -> Option<String> {
        if named.starts_with("data:image/") {
            return Some(named.to_owned());
        }
        if let Some(name) = named.strip_prefix("attachment:") {
            return picture(self.attachments.get(name)?.as_object()?);
        }
        let kind = match named.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "gif" => "image/gif",
            "webp" => "image/webp",
            _ => return None,
        };
        Some(address(kind, &(self.file)(named)?))
    }
}

/// A text as HTML.
pub fn html(source: &str, pictures: Pictures<'_>) -> String {
    let mut events = Vec::new();
    for event in Parser::new_ext(source, options()) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => {
                events.push(Event::Html(tamed(&text).into()));
            }
            Event::InlineMath(text) => events.push(formula(&text, DisplayMode::Inline)),
            Event::DisplayMath(text) => events.push(formula(&text, DisplayMode::Block)),
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                // A picture that is elsewhere would have to be fetched: its name is there in its place.
                let dest_url =
                    pictures.address(&dest_url).map_or(CowStr::Borrowed("data:,"), Into::into);
                events.push(Event::Start(Tag::Image { link_type, dest_url, title, id }));
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = if leads_somewhere(&dest_url) { dest_url } else { "#".into() };
                events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            event => events.push(event),
        }
    }
    name_headings(&mut events);
    let mut page = String::new();
    pulldown_cmark::html::push_html(&mut page, events.into_iter());
    page
}

/// The words of the first heading.
pub fn heading(source: &str) -> Option<String> {
    let mut events = Parser::new_ext(source, options());
    events.find(|event| matches!(event, Event::Start(Tag::Heading { .. })))?;
    let inside = events.take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    Some(inside.map(|event| words(&event).to_owned()).collect())
        .filter(|it: &String| !it.is_empty())
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH
}

fn words<'a>(event: &'a Event<'_>) -> &'a str {
    match event {
        Event::Text(text) | Event::Code(text) | Event::InlineMath(text) => text,
        _ => "",
    }
}

/// Gives headings the names by which JupyterLab's links reach them: their words, with hyphens for spaces.
fn name_headings(events: &mut [Event<'_>]) {
    let mut begun = None;
    let mut name = String::new();
    for at in 0..events.len() {
        match &events[at] {
            Event::Start(Tag::Heading { .. }) => {
                begun = Some(at);
                name.clear();
            }
            Event::End(TagEnd::Heading(_)) => {
                let own = std::mem::take(&mut name).replace(' ', "-");
                if let Some(Event::Start(Tag::Heading { id, .. })) =
                    begun.take().and_then(|begun| events.get_mut(begun))
                {
                    *id = Some(own.into());
                }
            }
            event if begun.is_some() => name.push_str(words(event)),
            _ => {}
        }
    }
}

/// A formula as MathML, or as it was typed if it is not understood.
fn formula(source: &str, display_mode: DisplayMode) -> Event<'static> {
    // On some texts that are no formulas the parser panics.
    let drawn = catch_unwind(|| drawn(source, display_mode)).ok().flatten();
    let text = drawn.unwrap_or_else(|| format!("<code>{}</code>", escaped(source)));
    Event::InlineHtml(text.into())
}

fn drawn(source: &str, display_mode: DisplayMode) -> Option<String> {
    // The renderer writes these signs as they are, also where they would be HTML. By these names each gets an element of
    // its own, in which it is found again below.
    let source = source.replace('<', "\\lt ").replace('>', "\\gt ");
    let storage = Storage::new();
    let parser = pulldown_latex::Parser::new(&source, &storage);
    let events = parser.collect::<Result<Vec<_>, _>>().ok()?;
    let config = RenderConfig { display_mode, ..RenderConfig::default() };
    let mut text = String::new();
    let events = events.into_iter().map(Ok::<_, std::convert::Infallible>);
    pulldown_latex::push_mathml(&mut text, events, config).ok()?;
    let mut parts = text.split('<');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let is_tag = part.trim_start_matches('/').starts_with('m');
        out.push_str(if is_tag { "<" } else { "&lt;" });
        out.push_str(part);
    }
    Some(out)
}

/// HTML of a text with all escaped but the elements that it may have.
fn tamed(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(&escaped(before));
        let end = tag.find('>').map_or(tag.len(), |end| end + 1);
        let (tag, after) = tag.split_at(end);
        let name = tag.trim_start_matches(['<', '/']).trim_end_matches(['>', '/', ' ']);
        match ELEMENTS.contains(&name) {
            true => out.push_str(tag),
            false => out.push_str(&escaped(tag)),
        }
        rest = after;
    }
    out + &escaped(rest)
}

/// Whether a link leads to a page or a place, and does nothing else.
fn leads_somewhere(address: &str) -> bool {
    match address.split_once(':') {
        Some((scheme, _)) if !scheme.contains(['/', '#', '?']) => {
            ["http", "https", "mailto"].contains(&scheme.to_ascii_lowercase().trim())
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_in_a_text_is_a_few_elements() {
        for (typed, shown) in [
            ("<details><summary>a</summary>", "<details><summary>a</summary>"),
            ("a<br/>b", "a<br/>b"),
            ("<details onclick=x>", "&lt;details onclick=x&gt;"),
            ("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"),
            ("<script", "&lt;script"),
            ("<!-- a -->", "&lt;!-- a --&gt;"),
        ] {
            assert_eq!(tamed(typed), shown);
        }
    }

    #[test]
    fn what_is_no_formula_is_shown_as_it_was_typed() {
        let none = MimeBundle::new();
        let shown = |source: &str| html(source, Pictures { attachments: &none, file: &|_| None });
        assert!(shown("$\\frac{1}{2}$").contains("<mfrac>"));
        let less = shown("$a<b$ and $x>1$");
        assert!(less.contains(">&lt;</mo>") && !less.contains("<b"), "{less}");
        for source in
            ["\\operatorname{<img src=x>}", "\\text{<i>}", "\\mathrm{<i>}", "x<img src=x>"]
        {
            let text = shown(&format!("$${source}$$"));
            assert!(!text.contains("<i"), "{source}: {text}");
        }
        for source in
            ["\\nope", "\\kern 日", "\\hspace{日}", "\\rule 日", "\\genfrac 日", "\\no<b>"]
        {
            let text = shown(&format!("$${source}$$"));
            assert!(text.contains("<math") || text.contains("<code>"), "{source}: {text}");
            assert!(!text.contains("<b>"), "{text}");
        }
    }

    #[test]
    fn links_lead_to_pages_and_places() {
        for address in ["https://a.b", "mailto:a@b", "#Goals", "b.ipynb", "a/b:c", "?a:b"] {
            assert!(leads_somewhere(address), "{address}");
        }
        for address in ["javascript:x", "JavaScript:x", "data:text/html,x", " vbscript:x"] {
            assert!(!leads_somewhere(address), "{address}");
        }
    }
}
