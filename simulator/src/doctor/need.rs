//! What a pool needs of its host.

use crate::images::Init;
use crate::scenario::Scenario;

/// What a pool needs, counted in nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// How many nodes it has.
    pub nodes: u64,
    /// Whether systemd is the first process of each.
    pub systemd: bool,
}

impl Need {
    /// Three servers and a client: what most scenarios have.
    pub const USUAL: Need = Need { nodes: 4, systemd: false };

    /// Returns what the pools of a scenario need.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Need {
        let servers: usize = scenario.parts().map(|(_, part)| part.servers.len()).sum();
        let nodes = servers + scenario.clients.len();
        Need {
            nodes: nodes as u64,
            systemd: match scenario.init {
                Init::Systemd => true,
                Init::Bare => false,
            },
        }
    }

    /// Returns what meets the needs of both, one after the other.
    #[must_use]
    pub fn most(self, other: Need) -> Need {
        Need { nodes: self.nodes.max(other.nodes), systemd: self.systemd || other.systemd }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::images::Catalog;

    #[test]
    fn nodes_of_all_pools_are_counted() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let catalog = Catalog::load(&root.join("images")).unwrap();
        let need = |file| Need::of(&Scenario::load(&root.join("scenarios").join(file), &catalog).unwrap());
        let usual = need("online-replicated.toml");
        assert_eq!(usual, Need::USUAL);
        let systemd = need("systemd.toml");
        assert!(systemd.systemd);
        let two_pools = need("long/geo-replication.toml");
        assert!(two_pools.nodes > usual.nodes, "{two_pools:?}");
        assert_eq!(systemd.most(two_pools), Need { nodes: two_pools.nodes, systemd: true });
    }
}
