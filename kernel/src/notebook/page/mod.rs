//! A notebook as one HTML page that stands alone: texts, code, outputs and pictures, light or dark as the reader's system.
//!
//! Everything is escaped but what a cell put out as `text/html`, which whoever ran the notebook has run. The page asks no
//! other machine for anything, and says so to the browser.

mod colors;
mod markdown;
mod rust;

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use self::markdown::Pictures;
use super::check::overwritten;
use super::format::{CellOutput, Notebook, ReadCell};
use crate::engine::outcome::MimeBundle;

/// The looks of a page.
const STYLE: &str = include_str!("style.css");
/// What the browser may fetch: nothing.
const POLICY: &str = "default-src 'none'; img-src data:; media-src data:; font-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The page of a notebook. `name` stands for a title where no heading does; `file` reads what lies beside the notebook,
/// for the pictures that its texts name.
pub fn html(notebook: &Notebook, name: &str, file: &dyn Fn(&str) -> Option<Vec<u8>>) -> String {
    let cells = notebook.read_cells();
    let texts = || cells.iter().filter(|cell| cell.kind == "markdown");
    let title = texts().find_map(|cell| markdown::heading(&cell.source));
    let is_japanese = texts().any(|cell| cell.source.chars().any(|it| matches!(it, 'ぁ'..='ヿ')));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"generator\" content=\"Akari {}\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        if is_japanese { "ja" } else { "en" },
        env!("CARGO_PKG_VERSION"),
        escaped(&title.unwrap_or_else(|| name.to_owned())),
    );
    for cell in &cells {
        write_cell(&mut page, cell, file);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn write_cell(page: &mut String, cell: &ReadCell, file: &dyn Fn(&str) -> Option<Vec<u8>>) {
    let source = &cell.source;
    match cell.kind.as_str() {
        "markdown" => {
            let text = markdown::html(source, Pictures { attachments: &cell.attachments, file });
            let _ = writeln!(page, "<section class=\"text\">\n{text}</section>");
        }
        "code" if source.trim().is_empty() && cell.outputs.is_empty() => {}
        "code" => {
            let count = cell.count.map_or_else(|| " ".to_owned(), |count| count.to_string());
            let has_failed = cell.outputs.iter().any(|it| matches!(it, CellOutput::Error(_)));
            let _ = write!(
                page,
                "<section class=\"code{}\">\n<div class=\"count\">[{count}]</div>\n<pre class=\"source\"><code>{}</code></pre>\n",
                if has_failed { " failed" } else { "" },
                rust::html(source.trim_end()),
            );
            for output in &cell.outputs {
                write_output(page, output, file);
            }
            page.push_str("</section>\n");
        }
        _ => {
            let _ =
                writeln!(page, "<section class=\"raw\"><pre>{}</pre></section>", escaped(source));
        }
    }
}

fn write_output(page: &mut String, output: &CellOutput, file: &dyn Fn(&str) -> Option<Vec<u8>>) {
    let _ = match output {
        CellOutput::Stream { stream, text } => {
            let class = stream.name();
            let text = colors::html(&overwritten(text));
            writeln!(page, "<pre class=\"output {class}\">{text}</pre>")
        }
        CellOutput::Result { data, .. } | CellOutput::Display { data, .. } => {
            writeln!(page, "<div class=\"output\">{}</div>", shown(data, file))
        }
        CellOutput::Error(error) => {
            let text = colors::html(&error.traceback.join("\n"));
            writeln!(page, "<pre class=\"output error\">{text}</pre>")
        }
        CellOutput::Unknown(value) => {
            writeln!(page, "<pre class=\"output\">{}</pre>", escaped(&format!("{value:#}")))
        }
    };
}

/// The best representation of a thing that a page can show.
fn shown(data: &MimeBundle, file: &dyn Fn(&str) -> Option<Vec<u8>>) -> String {
    let text = |kind: &str| data.get(kind).and_then(Value::as_str);
    let plain = text("text/plain");
    if let Some(html) = text("text/html") {
        return html.to_owned();
    }
    if let Some(source) = text("text/markdown").or_else(|| text("text/latex")) {
        let attachments = MimeBundle::new();
        return markdown::html(source, Pictures { attachments: &attachments, file });
    }
    if let Some(address) = picture(data) {
        let words = escaped(plain.unwrap_or("picture"));
        return format!("<img src=\"{address}\" alt=\"{words}\" title=\"{words}\">");
    }
    if let Some(plain) = plain {
        return format!("<pre>{}</pre>", colors::html(&overwritten(plain)));
    }
    let known = data.iter().map(|(kind, content)| match content {
        Value::String(text) if kind.starts_with("text/") => text.clone(),
        Value::String(_) => format!("<{kind}>"),
        content => format!("{content:#}"),
    });
    format!("<pre>{}</pre>", escaped(&known.collect::<Vec<_>>().join("\n")))
}

/// The address of the picture in a bundle, which holds the picture itself.
fn picture(data: &MimeBundle) -> Option<String> {
    const KINDS: [&str; 5] =
        ["image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"];
    KINDS.iter().find_map(|kind| {
        let text = data.get(*kind)?.as_str()?;
        if *kind == "image/svg+xml" {
            return Some(address(kind, text.as_bytes()));
        }
        let text = text.split_whitespace().collect::<String>();
        STANDARD.decode(&text).ok().map(|bytes| address(kind, &bytes))
    })
}

fn address(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}

/// A text as HTML shows it, also between quotation marks.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(cells: Value) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.ipynb");
        let book = json!({"nbformat": 4, "metadata": {}, "cells": cells});
        std::fs::write(&path, book.to_string()).unwrap();
        let file = |name: &str| (name == "dot.png").then(|| b"dot".to_vec());
        html(&Notebook::read(&path).unwrap(), "n<1>", &file)
    }

    fn code(outputs: Value) -> Value {
        json!([{"cell_type": "code", "source": "1 < 2", "execution_count": 7, "outputs": outputs}])
    }

    #[test]
    fn all_is_escaped_but_html_that_was_put_out() {
        let text = page(code(json!([
            {"output_type": "stream", "name": "stdout", "text": "10 %\r<b>&\n"},
            {"output_type": "execute_result", "execution_count": 7, "metadata": {}, "data": {"text/plain": "Vec<i32>"}},
            {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<i>mine</i>", "text/plain": "mine"}},
            {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": "<svg/>", "text/plain": "\"<a>\""}},
            {"output_type": "display_data", "metadata": {}, "data": {"image/png": "Zm9v\n", "text/plain": "foo"}},
            {"output_type": "display_data", "metadata": {}, "data": {"image/png": "\"><script>", "text/plain": "lie"}},
            {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\u{1b}[1mE\u{1b}[0m: <x>"]},
        ])));
        for part in [
            "<title>n&lt;1&gt;</title>",
            "<div class=\"count\">[7]</div>",
            "<section class=\"code failed\">",
            "</span> &lt; <span",
            "stdout\">&lt;b&gt;&amp;\n</pre>",
            "<pre>Vec&lt;i32&gt;</pre>",
            "<div class=\"output\"><i>mine</i></div>",
            "<img src=\"data:image/svg+xml;base64,PHN2Zy8+\" alt=\"&quot;&lt;a&gt;&quot;\"",
            "data:image/png;base64,Zm9v\"",
            "<pre>lie</pre>",
            "error\"><b>E</b>: &lt;x&gt;</pre>",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("<script"), "{text}");
    }

    #[test]
    fn texts_have_headings_formulas_and_pictures() {
        let text = page(json!([{
            "cell_type": "markdown",
            "attachments": {"in.png": {"image/png": "Zm9v"}},
            "source": "# A & *B*\n\n$x^2$ ![dot](dot.png) ![in](attachment:in.png) ![far](https://example.org/x.png)\n\n\
                       <details><summary>why</summary>\n\n`a<b>`\n\n</details>\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))",
        }]));
        for part in [
            "<title>A &amp; B</title>",
            "<h1 id=\"A-&amp;-B\">",
            "<math",
            "data:image/png;base64,ZG90",
            "data:image/png;base64,Zm9v",
            "<details><summary>why</summary>",
            "<code>a&lt;b&gt;</code>",
            "&lt;script&gt;",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        for part in ["<script", "src=\"https:", "javascript:"] {
            assert!(!text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn a_page_says_its_language_and_asks_for_nothing() {
        let text = page(json!([{"cell_type": "markdown", "source": "損失です"}]));
        assert!(text.contains("<html lang=\"ja\">") && text.contains("default-src 'none'"));
        let outside = text.replace("http-equiv", "");
        assert!(!outside.contains("http") && !outside.contains("url("), "{text}");
    }
}
