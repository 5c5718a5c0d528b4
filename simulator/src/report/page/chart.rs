//! The timeline as a drawing: hosts × steps × faults.

use maud::{Markup, Render, html};

use super::plan::{class, id};
use super::verdict;
use crate::report::axis::{Span, clock, took};
use crate::report::timeline::{Bar, Fault, Lane, Timeline};

/// Widths and heights, in units of the drawing.
pub(super) const WIDTH: f64 = 1000.0;
pub(super) const LEFT: f64 = 110.0;
const RIGHT: f64 = 15.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 22.0;
const LANE: f64 = 38.0;

/// How high a bar is, and where it begins in its lane.
const BAR: f64 = 22.0;
const BAR_TOP: f64 = 5.0;

/// How wide a bar has to be to have its number in it, for each digit.
const DIGIT: f64 = 8.0;

/// How wide a fault's label is.
const LABEL: f64 = 26.0;

/// How many characters of a host's name fit beside its lane.
const NAME: usize = 15;

/// A number in a drawing: to a tenth of a unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct N(pub(super) f64);

impl Render for N {
    fn render_to(&self, buffer: &mut String) {
        let text = format!("{:.1}", self.0);
        buffer.push_str(text.strip_suffix(".0").unwrap_or(&text));
    }
}

/// Returns where a moment is drawn.
pub(super) fn x(span: &Span, at: f64) -> f64 {
    across(span.place(at))
}

/// Returns where a place of a span, from 0 to 1, is drawn.
pub(super) fn across(place: f64) -> f64 {
    LEFT + place * (WIDTH - LEFT - RIGHT)
}

/// Draws the axis of time, with a line for each label between two heights.
pub(super) fn axis(span: &Span, top: f64, bottom: f64) -> Markup {
    html! {
        g.axis {
            @for (at, words) in span.labels() {
                line x1=(N(x(span, at))) x2=(N(x(span, at))) y1=(N(top)) y2=(N(bottom)) {}
                text x=(N(x(span, at))) y=(N(bottom + 15.0)) text-anchor="middle" { (words) }
            }
        }
    }
}

/// Draws where faults struck, between two heights.
pub(super) fn strikes(timeline: &Timeline, top: f64, bottom: f64) -> Markup {
    let mut faults: Vec<(f64, &Fault)> =
        timeline.faults.iter().map(|fault| (x(&timeline.span, fault.at.0), fault)).collect();
    faults.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let labels = apart(faults.iter().map(|(at, _)| *at));
    html! {
        @for ((at, fault), beside) in faults.iter().zip(labels) {
            g.fault.mends[fault.mends] {
                title { (told(fault)) }
                line x1=(N(*at)) x2=(N(*at)) y1=(N(top)) y2=(N(bottom)) {}
                text x=(N(beside)) y=(N(top - 4.0)) text-anchor="middle" { (label(fault)) }
            }
        }
    }
}

/// Returns where the labels of faults are put, from left to right, so that none is upon another: faults come in twos.
fn apart(places: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut free = 0.0;
    let put = |at: f64| {
        let at = at.max(free);
        free = at + LABEL;
        at
    };
    places.map(put).collect()
}

fn label(fault: &Fault) -> String {
    format!("{}{}", if fault.mends { "M" } else { "F" }, fault.number)
}

fn told(fault: &Fault) -> String {
    format!("{}: {}, {}: {}", label(fault), fault.words, fault.cue, fault.found)
}

/// Draws the timeline.
pub(super) fn lanes(timeline: &Timeline) -> Markup {
    let Timeline { span, lanes, bars, faults: _ } = timeline;
    let bottom = TOP + LANE * lanes.len() as f64;
    let height = bottom + BOTTOM;
    html! {
        figure {
            div.wide {
                svg.chart viewBox={ "0 0 " (N(WIDTH)) " " (N(height)) } role="img" aria-label="Hosts, steps and faults over time" {
                    (axis(span, TOP, bottom))
                    @for (row, one) in lanes.iter().enumerate() {
                        (lane(span, one, bars, TOP + LANE * row as f64))
                    }
                    (strikes(timeline, TOP, bottom))
                    @for (row, one) in lanes.iter().enumerate() {
                        (marks(timeline, one, TOP + LANE * row as f64 + BAR_TOP + BAR / 2.0))
                    }
                }
            }
            figcaption {
                "Each bar is a step: pale while it waits at a gate, full while it acts; its number is that of the plan below. "
                "A red strip below a lane: bricks of the host did not serve; a grey one: nobody could look. "
                "F is a fault, M what mended one."
            }
        }
    }
}

fn lane(span: &Span, lane: &Lane, bars: &[Bar], top: f64) -> Markup {
    let here = bars.iter().filter(|bar| bar.hosts.contains(&lane.host));
    html! {
        g.lane {
            line x1="0" x2=(N(WIDTH)) y1=(N(top)) y2=(N(top)) {}
            text x="4" y=(N(top + 20.0)) { title { (lane.host) } (shortened(&lane.host)) }
            @for one in here { (bar(span, one, top + BAR_TOP)) }
            @for outage in &lane.outages {
                rect class=(if outage.seen { "out" } else { "unseen" })
                    x=(N(x(span, outage.from))) width=(N(width(span, (outage.from, outage.to))))
                    y=(N(top + BAR_TOP + BAR + 3.0)) height="4" {
                    title {
                        (if outage.seen { "bricks did not serve" } else { "nobody could look" })
                        " from " (clock(outage.from - span.from)) " to " (clock(outage.to - span.from))
                    }
                }
            }
        }
    }
}

fn bar(span: &Span, bar: &Bar, top: f64) -> Markup {
    let Bar { call, step, words, state, hosts: _, whole, acting } = bar;
    let number = step.to_string();
    let wide = width(span, *whole);
    html! {
        a href={ "#" (id(*call, *step)) } {
            g.bar.(class(*state)) {
                title { (step) ": " (words) ", " (state.words()) ", " (took(whole.1 - whole.0)) }
                rect.waits x=(N(x(span, whole.0))) y=(N(top)) width=(N(wide)) height=(N(BAR)) {}
                @if let Some(acting) = acting {
                    rect.acts x=(N(x(span, acting.0))) y=(N(top)) width=(N(width(span, *acting))) height=(N(BAR)) {}
                }
                @if wide > DIGIT * number.len() as f64 + 2.0 {
                    text x=(N(x(span, whole.0) + wide / 2.0)) y=(N(top + 15.0)) text-anchor="middle" { (number) }
                }
            }
        }
    }
}

/// Marks the lane of the host that a fault was done to.
fn marks(timeline: &Timeline, lane: &Lane, middle: f64) -> Markup {
    html! {
        @for fault in timeline.faults.iter().filter(|fault| fault.hosts.contains(&lane.host)) {
            g.fault.mends[fault.mends] {
                title { (told(fault)) }
                circle cx=(N(x(&timeline.span, fault.at.0))) cy=(N(middle)) r="5" {}
            }
        }
    }
}

/// Returns how wide a stretch is drawn: the shortest can be seen.
fn width(span: &Span, (from, to): (f64, f64)) -> f64 {
    (x(span, to) - x(span, from)).max(1.0)
}

fn shortened(name: &str) -> String {
    let mut short: String = name.chars().take(NAME).collect();
    if name.chars().count() > NAME {
        short.push('…');
    }
    short
}

/// Lists the faults.
pub(super) fn faults(timeline: &Timeline) -> Markup {
    html! {
        @if !timeline.faults.is_empty() {
            ul.judged {
                @for fault in &timeline.faults {
                    li {
                        div {
                            (verdict(fault.verdict)) " " strong { (label(fault)) } " " (fault.words) ", " (fault.cue)
                        }
                        div.small {
                            "after " (clock(fault.at.0 - timeline.span.from)) ", for "
                            (took(fault.at.1 - fault.at.0)) ": " (fault.found)
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_of_a_fault_is_upon_another() {
        assert_eq!(apart([100.0, 101.0, 102.0, 300.0].into_iter()), [100.0, 126.0, 152.0, 300.0]);
    }
}
