//! Sparkline: shares of weeks as a picture that needs no script.

use std::fmt::Write;

use crate::formats::partner_score::WeekScore;

const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 80.0;
const MARGIN: f64 = 8.0;

/// The share of files accepted first time, week by week, as SVG; weeks without files are gaps.
pub fn accepted(weeks: &[WeekScore]) -> String {
    let step = (WIDTH - 2.0 * MARGIN) / (weeks.len().max(2) - 1) as f64;
    let point = |(at, week): (usize, &WeekScore)| {
        let percent = week.accepted_percent?;
        let y = HEIGHT - MARGIN - percent / 100.0 * (HEIGHT - 2.0 * MARGIN);
        Some((MARGIN + at as f64 * step, y))
    };
    let points: Vec<Option<(f64, f64)>> = weeks.iter().enumerate().map(point).collect();
    let mut svg = format!(
        "<svg class=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        words(weeks)
    );
    // Writing to a String cannot fail.
    let _ = write!(
        svg,
        "<path d=\"M{MARGIN} {MARGIN}H{right}M{MARGIN} {bottom}H{right}\" stroke=\"currentColor\" opacity=\".25\"/>",
        right = WIDTH - MARGIN,
        bottom = HEIGHT - MARGIN,
    );
    for line in points.split(Option::is_none) {
        let drawn: Vec<String> = line.iter().flatten().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\"/>",
            drawn.join(" ")
        );
    }
    for (x, y) in points.iter().flatten() {
        let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"currentColor\"/>");
    }
    svg + "</svg>"
}

fn words(weeks: &[WeekScore]) -> String {
    let known: Vec<f64> = weeks.iter().filter_map(|week| week.accepted_percent).collect();
    match (known.first(), known.last()) {
        (Some(first), Some(last)) => {
            format!("Share of files accepted first time, week by week, from {first} to {last} percent")
        }
        _ => "No file came in these weeks".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shares: &[Option<f64>], lines: usize, dots: usize, words: &str) {
        let week = |share: &Option<f64>| WeekScore {
            week: String::new(),
            files: 0,
            accepted_first_time: 0,
            accepted_percent: *share,
            late: 0,
        };
        let svg = accepted(&shares.iter().map(week).collect::<Vec<_>>());
        let drawn = svg.matches("<polyline points=\"").count() - svg.matches("points=\"\"").count();
        assert_eq!((drawn, svg.matches("<circle").count()), (lines, dots), "{svg}");
        assert!(svg.contains(words) && !svg.contains("NaN") && !svg.contains("style"), "{svg}");
    }

    #[test]
    fn weeks_without_files_are_gaps() {
        check(&[], 0, 0, "No file");
        check(&[None, None], 0, 0, "No file");
        check(&[Some(50.0)], 1, 1, "from 50 to 50");
        check(&[Some(0.0), Some(100.0), None, Some(70.5)], 2, 3, "from 0 to 70.5");
    }
}
