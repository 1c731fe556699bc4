//! Lines over axes, with a grid, titles and a legend.

use super::axis::Axis;
use super::svg::{WIDTH, dot, stroke, text};

/// Of a panel with what is written around it.
pub(super) const PANEL_HEIGHT: f64 = 330.0;
/// Around the lines of a panel: room for what is written there.
const LEFT: f64 = 90.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 56.0;
/// A line through more points has no dots at them.
const MOST_DOTS: usize = 40;

/// A line through points.
pub(super) struct Line {
    pub(super) name: String,
    /// Classes of the style: a colour, and whether it is dashed.
    pub(super) look: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// Lines over axes.
pub(super) struct Panel {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) lines: Vec<Line>,
}

impl Panel {
    /// Below `top`.
    pub(super) fn draw(&self, svg: &mut String, top: f64) {
        Area { panel: self, upper: top + TOP }.draw(svg);
    }
}

/// Where a panel lies.
struct Area<'a> {
    panel: &'a Panel,
    /// Of the lines, without what is written above them.
    upper: f64,
}

impl Area<'_> {
    const WIDTH: f64 = WIDTH - LEFT - RIGHT;
    const HEIGHT: f64 = PANEL_HEIGHT - TOP - BOTTOM;

    fn draw(&self, svg: &mut String) {
        self.draw_grid(svg);
        self.draw_titles(svg);
        for (line, place) in self.panel.lines.iter().zip(0..) {
            self.draw_line(svg, line);
            let start = LEFT + f64::from(place) * Self::WIDTH / self.panel.lines.len() as f64;
            self.draw_legend(svg, line, start);
        }
    }

    fn lower(&self) -> f64 {
        self.upper + Self::HEIGHT
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + Self::WIDTH * self.panel.x.position(value)
    }

    fn y(&self, value: f64) -> f64 {
        self.lower() - Self::HEIGHT * self.panel.y.position(value)
    }

    fn draw_grid(&self, svg: &mut String) {
        let (upper, lower, right) = (self.upper, self.lower(), LEFT + Self::WIDTH);
        for (value, label) in self.panel.x.ticks() {
            let x = self.x(*value);
            stroke(svg, "grid", &[(x, upper), (x, lower)]);
            text(svg, (x, lower + 20.0), "text-anchor=\"middle\"", label);
        }
        for (value, label) in self.panel.y.ticks() {
            let y = self.y(*value);
            stroke(svg, "grid", &[(LEFT, y), (right, y)]);
            text(svg, (LEFT - 8.0, y + 4.0), "text-anchor=\"end\"", label);
        }
        stroke(svg, "frame", &[(LEFT, upper), (LEFT, lower), (right, lower), (right, upper), (LEFT, upper)]);
    }

    fn draw_titles(&self, svg: &mut String) {
        let below = (LEFT + Self::WIDTH / 2.0, self.lower() + 42.0);
        text(svg, below, "text-anchor=\"middle\"", self.panel.x.title());
        let beside = (LEFT - 66.0, self.upper + Self::HEIGHT / 2.0);
        let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 {:.1} {:.1})\"", beside.0, beside.1);
        text(svg, beside, &turned, self.panel.y.title());
    }

    fn draw_line(&self, svg: &mut String, line: &Line) {
        let points: Vec<_> = line.points.iter().map(|point| (self.x(point.0), self.y(point.1))).collect();
        stroke(svg, &format!("line {}", line.look), &points);
        if points.len() <= MOST_DOTS && !line.look.contains("dashed") {
            points.iter().for_each(|point| dot(svg, line.look, *point));
        }
    }

    fn draw_legend(&self, svg: &mut String, line: &Line, start: f64) {
        let y = self.upper - 14.0;
        stroke(svg, &format!("line {}", line.look), &[(start, y), (start + 24.0, y)]);
        text(svg, (start + 30.0, y + 4.0), "", &line.name);
    }
}
