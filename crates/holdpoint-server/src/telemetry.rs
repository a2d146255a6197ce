//! What an operator can measure: counters that the engine feeds, in the Prometheus text format.
//!
//! Labels come from closed sets (gates, decisions, rulings), never from what an agent sends: nobody can make a series by asking.

use std::time::Duration;

use holdpoint_core::approval::Ruling;
use holdpoint_core::decision::Decision;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The gates that have a series of their own; any other counts as `other`.
const GATES: &[&str] = &["claude-code", "command"];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    gate: &'static str,
    decision: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    event: &'static str,
}

/// The metrics of one control plane.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    decisions: Family<DecisionLabels, Counter>,
    decision_seconds: Histogram,
    rulings: Family<EventLabels, Counter>,
    permits: Family<EventLabels, Counter>,
    held: Gauge,
    log_size: Gauge,
    policy_revision: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("holdpoint"),
            decisions: Family::default(),
            decision_seconds: Histogram::new(exponential_buckets(0.000_05, 2.0, 16)),
            rulings: Family::default(),
            permits: Family::default(),
            held: Gauge::default(),
            log_size: Gauge::default(),
            policy_revision: Gauge::default(),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("decisions", "Decisions by gate", self.decisions.clone());
        registry.register(
            "decision_seconds",
            "Time from a proposal's arrival to its decision, in seconds",
            self.decision_seconds.clone(),
        );
        registry.register("rulings", "What people said about changes", self.rulings.clone());
        registry.register("permits", "What happened to permits", self.permits.clone());
        registry.register("changes_held", "Changes that wait for somebody", self.held.clone());
        registry.register("log_entries", "Entries in the log", self.log_size.clone());
        registry.register("policy_revision", "Revision of the policy bundle in force", self.policy_revision.clone());
        self
    }

    /// Counts a decision.
    pub fn decided(&self, gate: &str, decision: &Decision, took: Duration) {
        let gate = GATES.iter().find(|known| **known == gate).unwrap_or(&"other");
        self.decisions.get_or_create(&DecisionLabels { gate, decision: decision.as_str() }).inc();
        self.decision_seconds.observe(took.as_secs_f64());
    }

    /// Counts what a person said.
    pub fn ruled(&self, ruling: Ruling) {
        self.rulings.get_or_create(&EventLabels { event: ruling.as_str() }).inc();
    }

    /// Counts what happened to a permit: `granted`, `redeemed`, `refused`, `settled`, `indeterminate`.
    pub fn permit(&self, event: &'static str) {
        self.permits.get_or_create(&EventLabels { event }).inc();
    }

    /// Writes all of it as text, with the gauges as they are now.
    pub fn text(&self, held: u64, log_size: u64, policy_revision: u64) -> String {
        let gauge = |gauge: &Gauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        gauge(&self.held, held);
        gauge(&self.log_size, log_size);
        gauge(&self.policy_revision, policy_revision);
        let mut text = String::new();
        // Writing to a `String` does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_makes_a_series_by_asking() {
        let metrics = Metrics::default();
        metrics.decided("claude-code", &Decision::Allow, Duration::from_millis(1));
        for n in 0..100 {
            metrics.decided(&format!("gate-{n}"), &Decision::Allow, Duration::from_millis(1));
        }
        let text = metrics.text(1, 2, 3);
        assert!(text.contains("holdpoint_decisions_total{gate=\"claude-code\",decision=\"allow\"} 1"), "{text}");
        assert!(text.contains("holdpoint_decisions_total{gate=\"other\",decision=\"allow\"} 100"), "{text}");
        assert!(text.contains("holdpoint_log_entries 2"), "{text}");
    }
}
