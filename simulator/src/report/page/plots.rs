//! The latency of a client's operations as a drawing, with the steps and the faults drawn in.

use maud::{Markup, html};

use super::chart::{LEFT, N, WIDTH, across, axis, strikes, x};
use super::missing;
use crate::report::axis::{clock, took};
use crate::report::plot::{self, Column, End, Operation, Plot};
use crate::report::recorded::Told;
use crate::report::timeline::{Bar, Timeline};
use crate::workload::Line;

/// Heights, in units of the drawing.
const TOP: f64 = 34.0;
const BOTTOM: f64 = 260.0;
const HEIGHT: f64 = 282.0;

/// How wide a step has to be to have its number above it.
const NUMBERED: f64 = 16.0;

/// Draws a record.
pub(super) fn plot(told: &Told<Line>, timeline: &Timeline) -> Markup {
    let Some(plot) = plot::plot(told, &timeline.span) else {
        return missing(&format!("{}: it tells of no operation", told.file));
    };
    html! {
        figure {
            div.wide {
                svg.chart viewBox={ "0 0 " (N(WIDTH)) " " (N(HEIGHT)) } role="img"
                    aria-label={ "Latency of the operations in " (plot.file) ", over time" } {
                    (steps(timeline))
                    (axis(&timeline.span, TOP, BOTTOM))
                    (scale(&plot))
                    path.latency d=(path(&plot)) {}
                    @for one in &plot.stalls { (stall(&plot, timeline, one)) }
                    @for one in &plot.failures { (failure(&plot, timeline, one)) }
                    (strikes(timeline, TOP, BOTTOM))
                }
            }
            figcaption {
                code { (plot.file) } ": " (plot.operations) " operations, " (plot.failures.len()) " failed. "
                "What took half a second or more is a line as long as it took; a cross failed; for all others each stroke reaches "
                "from the shortest to the longest that ended then. Steps are shaded, with their numbers."
            }
        }
        (longest(&plot, timeline))
    }
}

fn y(plot: &Plot, ms: f64) -> f64 {
    BOTTOM - plot.height(ms) * (BOTTOM - TOP)
}

fn scale(plot: &Plot) -> Markup {
    html! {
        g.axis {
            @for (ms, words) in plot.labels() {
                line x1=(N(LEFT)) x2=(N(WIDTH)) y1=(N(y(plot, ms))) y2=(N(y(plot, ms))) {}
                text x=(N(LEFT - 6.0)) y=(N(y(plot, ms) + 4.0)) text-anchor="end" { (words) }
            }
        }
    }
}

/// Returns the path of all columns: a stroke each.
fn path(plot: &Plot) -> String {
    let strokes = plot.columns.iter().map(|Column { place, least, most }| {
        format!("M{:.1} {:.1}V{:.1}", across(*place), y(plot, *least) + 0.5, y(plot, *most) - 0.5)
    });
    strokes.collect()
}

fn steps(timeline: &Timeline) -> Markup {
    let Timeline { span, bars, .. } = timeline;
    html! {
        g.steps {
            @for (place, Bar { step, words, whole, .. }) in bars.iter().enumerate() {
                @let (from, to) = (x(span, whole.0), x(span, whole.1));
                g {
                    title { (step) ": " (words) }
                    rect class=(if place % 2 == 0 { "even" } else { "odd" })
                        x=(N(from)) y=(N(TOP)) width=(N((to - from).max(0.5))) height=(N(BOTTOM - TOP)) {}
                    @if to - from > NUMBERED {
                        text x=(N((from + to) / 2.0)) y=(N(TOP + 11.0)) text-anchor="middle" { (step) }
                    }
                }
            }
        }
    }
}

fn stall(plot: &Plot, timeline: &Timeline, one: &Operation) -> Markup {
    let (from, to) = (x(&timeline.span, one.from), x(&timeline.span, one.to));
    html! {
        line.stall x1=(N(from)) x2=(N(to.max(from + 2.0))) y1=(N(y(plot, one.ms))) y2=(N(y(plot, one.ms))) {
            title { (told(one)) }
        }
    }
}

fn failure(plot: &Plot, timeline: &Timeline, one: &Operation) -> Markup {
    let (x, y) = (x(&timeline.span, one.to), y(plot, one.ms));
    html! {
        path.failed d={ "M" (N(x - 4.0)) " " (N(y - 4.0)) "l8 8m0 -8l-8 8" } { title { (told(one)) } }
    }
}

fn told(one: &Operation) -> String {
    format!("{} on {}, {}", took_exactly(one.ms), one.path, ended(one))
}

fn ended(one: &Operation) -> String {
    match &one.end {
        End::Acknowledged => "acknowledged".to_owned(),
        End::Failed(error) => format!("failed: {error}"),
        End::Open => "still going on when the record ends".to_owned(),
    }
}

/// Returns milliseconds in words.
fn took_exactly(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.0} ms") } else { took(ms / 1000.0) }
}

/// Lists the longest operations, each with what the executor did when it began.
fn longest(plot: &Plot, timeline: &Timeline) -> Markup {
    let during = |one: &Operation| {
        let step = timeline.bars.iter().find(|bar| (bar.whole.0..bar.whole.1).contains(&one.from));
        step.map_or("no step".to_owned(), |bar| format!("step {}: {}", bar.step, bar.words))
    };
    html! {
        details {
            summary { "the longest operations" }
            div.wide {
                table {
                    thead { tr { th { "took" } th { "ended after" } th { "file" } th { "end" } th { "during" } } }
                    tbody {
                        @for one in &plot.longest {
                            tr {
                                td { (took_exactly(one.ms)) }
                                td { (clock(one.to - timeline.span.from)) }
                                td { (one.path) }
                                td { (ended(one)) }
                                td { (during(one)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
