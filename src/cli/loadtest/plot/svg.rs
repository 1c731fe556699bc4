//! A drawing as SVG. Colours are those of the reader: light, or dark where that is preferred.

use super::panel::{PANEL_HEIGHT, Panel};
use std::fmt::Write;

pub(super) const WIDTH: f64 = 820.0;
/// Of the title above the panels.
const TITLE_HEIGHT: f64 = 40.0;
const STYLE: &str = "\
svg { background: #ffffff; font: 13px system-ui, sans-serif }
text { fill: #24292f } .title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de } .frame { stroke: #57606a; fill: none }
.line { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 6 4 }
.blue { stroke: #0969da } .red { stroke: #cf222e } .grey { stroke: #6e7781 }
@media (prefers-color-scheme: dark) {
svg { background: #0d1117 } text { fill: #e6edf3 }
.grid { stroke: #30363d } .frame { stroke: #8b949e }
.blue { stroke: #58a6ff } .red { stroke: #ff7b72 } .grey { stroke: #8b949e }
}";

/// A document of panels, one below the other.
pub(super) fn document(title: &str, panels: &[Panel]) -> String {
    let height = TITLE_HEIGHT + PANEL_HEIGHT * panels.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n",
        title = escaped(title)
    );
    text(&mut svg, (WIDTH / 2.0, 26.0), "class=\"title\" text-anchor=\"middle\"", title);
    for (index, panel) in panels.iter().enumerate() {
        panel.draw(&mut svg, TITLE_HEIGHT + PANEL_HEIGHT * index as f64);
    }
    svg.push_str("</svg>\n");
    svg
}

pub(super) fn stroke(svg: &mut String, class: &str, points: &[(f64, f64)]) {
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(svg, "<polyline class=\"{class}\" points=\"{}\"/>", points.join(" ")); // A string takes all.
}

pub(super) fn dot(svg: &mut String, look: &str, (x, y): (f64, f64)) {
    let _ = writeln!(svg, "<circle class=\"line {look}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\"/>");
}

pub(super) fn text(svg: &mut String, (x, y): (f64, f64), attributes: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{}</text>", escaped(text));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::axis::Axis;
    use super::super::panel::Line;
    use super::*;

    #[test]
    fn a_drawing_is_xml_with_its_text_and_lines_inside_whatever_the_values_are() {
        let values = [0.0, 1.0, f64::NAN, f64::INFINITY, -5.0, 1e300];
        let axis = |title| Axis::around(title, values.into_iter());
        let points = values.into_iter().zip(values).collect();
        let line = Line { name: "a < b & c".into(), look: "blue", points };

        let svg = document("\"x\" > <y>", &[Panel { x: axis("rate"), y: axis("ms"), lines: vec![line] }]);

        let xml = roxmltree::Document::parse(&svg).unwrap();
        let texts: Vec<&str> = xml.descendants().filter_map(|node| node.text()).collect();
        for text in ["\"x\" > <y>", "a < b & c", "rate", "ms"] {
            assert!(texts.contains(&text), "{text:?} is not in {svg}");
        }
        let coordinates =
            xml.descendants().filter_map(|node| node.attribute("points")).flat_map(|it| it.split([' ', ',']));
        let coordinates: Vec<f64> = coordinates.map(|number| number.parse().unwrap()).collect();
        assert!(coordinates.iter().all(|at| (0.0..=WIDTH).contains(at)), "{svg}");
    }
}
