//! What a pool is made of: servers, volumes, clients, and where each brick goes.

use std::collections::HashSet;

use crate::images::Init;

/// The most bricks of one volume on a server: each is a process.
const BRICKS_PER_SERVER_MAX: usize = 64;

/// A pool to bring up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSpec {
    /// The image of all its nodes, by its name on the engine.
    pub image: String,
    /// What starts the daemons of its nodes.
    pub init: Init,
    /// The servers, in order; the first is the one that probes the others.
    pub servers: Vec<NodeSpec>,
    /// The volumes.
    pub volumes: Vec<VolumeSpec>,
    /// The clients.
    pub clients: Vec<ClientSpec>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSpec {
    /// Its host name, by which the others find it.
    pub name: String,
    /// The release it starts with.
    pub release: String,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSpec {
    /// The node.
    pub node: NodeSpec,
    /// The volumes it mounts, each at `/mnt/<volume>`.
    pub mounts: Vec<String>,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeSpec {
    /// Its name.
    pub name: String,
    /// How it spreads its data.
    pub kind: VolumeKind,
    /// How many bricks each server has of it.
    pub bricks_per_server: usize,
    /// Options to set before it is started.
    pub options: Vec<(String, String)>,
}

/// How a volume spreads its data. More bricks than one set needs make more sets, and files are distributed over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeKind {
    /// Each file on every brick of a set.
    Replica {
        /// The bricks of a set.
        count: usize,
    },
    /// Each file on two bricks of a set, its metadata on a third.
    Arbiter,
    /// Each file in pieces over a set, some of which can be lost.
    Disperse {
        /// The bricks that hold data.
        data: usize,
        /// The bricks that can be lost.
        redundancy: usize,
    },
    /// Each file on one brick.
    Distribute,
}

impl VolumeKind {
    /// Returns how many bricks make a set.
    #[must_use]
    pub fn set_size(self) -> usize {
        match self {
            VolumeKind::Replica { count } => count,
            VolumeKind::Arbiter => 3,
            VolumeKind::Disperse { data, redundancy } => data + redundancy,
            VolumeKind::Distribute => 1,
        }
    }

    /// Tells whether every server of such a volume runs a self-heal daemon.
    #[must_use]
    pub fn heals(self) -> bool {
        match self {
            VolumeKind::Replica { .. } | VolumeKind::Arbiter | VolumeKind::Disperse { .. } => true,
            VolumeKind::Distribute => false,
        }
    }

    /// Returns the words of `gluster volume create` for it.
    pub(super) fn words(self) -> Vec<String> {
        let text = match self {
            VolumeKind::Replica { count } => format!("replica {count}"),
            VolumeKind::Arbiter => "replica 3 arbiter 1".to_owned(),
            VolumeKind::Disperse { data, redundancy } => {
                format!("disperse-data {data} redundancy {redundancy}")
            }
            VolumeKind::Distribute => String::new(),
        };
        text.split_whitespace().map(str::to_owned).collect()
    }
}

/// A brick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brick {
    /// The volume it is of.
    pub volume: String,
    /// The server it is on.
    pub server: String,
    /// Its folder on that server.
    pub path: String,
}

impl VolumeSpec {
    /// Returns the bricks in the order in which they form sets: server after server, so that as far as there are
    /// enough of them no two bricks of a set share one.
    #[must_use]
    pub fn bricks(&self, servers: &[NodeSpec]) -> Vec<Brick> {
        (1..=self.bricks_per_server)
            .flat_map(|index| {
                servers.iter().map(move |server| Brick {
                    volume: self.name.clone(),
                    server: server.name.clone(),
                    path: format!("{BRICKS}/{}/{index}", self.name),
                })
            })
            .collect()
    }
}

/// Where a server's brick volume is mounted.
pub(super) const BRICKS: &str = "/bricks";

impl PoolSpec {
    /// Returns every node, servers first.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &NodeSpec> {
        self.servers.iter().chain(self.clients.iter().map(|client| &client.node))
    }

    /// Says what is wrong with it, and what to do about that; nothing where it can be brought up.
    ///
    /// Scenario files are checked where they are read, with their lines. This is the last look before anything starts.
    #[must_use]
    pub fn fault(&self) -> Option<(String, &'static str)> {
        if self.servers.is_empty() {
            return Some(("a pool needs a server".to_owned(), "name one in `servers`"));
        }
        let mut names = HashSet::new();
        for NodeSpec { name, release: _ } in self.nodes() {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fits) {
                let fault = format!("`{name}` is no host name: expected lower-case letters, digits and `-`");
                return Some((fault, "rename it, such as g1 or c1: a letter comes first"));
            }
            if !names.insert(name) {
                return Some((format!("two nodes are called {name}"), ONE_NAME_EACH));
            }
        }
        let mut volumes = HashSet::new();
        for volume in &self.volumes {
            let set = volume.kind.set_size();
            if volume.bricks_per_server > BRICKS_PER_SERVER_MAX {
                let fault =
                    format!("volume {} has {} bricks a server", volume.name, volume.bricks_per_server);
                return Some((fault, "64 at most: each is a process of its server's container"));
            }
            let bricks = volume.bricks_per_server * self.servers.len();
            if set == 0 || bricks == 0 || !bricks.is_multiple_of(set) {
                let fault =
                    format!("volume {} has {bricks} bricks; expected a multiple of {set}", volume.name);
                return Some((
                    fault,
                    "servers × bricks_per_server must fill whole sets: change one of the two",
                ));
            }
            if !volumes.insert(&volume.name) {
                return Some((format!("two volumes are called {}", volume.name), ONE_NAME_EACH));
            }
        }
        let mut mounts = self.clients.iter().flat_map(|client| &client.mounts);
        let unknown = mounts.find(|mount| !volumes.contains(mount))?;
        let fault = format!("a client mounts {unknown}, which is no volume of the pool");
        Some((fault, "mount a volume of [[volumes]]"))
    }
}

/// What to do about two things of one name.
pub(crate) const ONE_NAME_EACH: &str = "rename one of the two";

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn node(name: &str) -> NodeSpec {
        NodeSpec { name: name.to_owned(), release: "10.3".to_owned() }
    }

    fn spec() -> PoolSpec {
        PoolSpec {
            image: "image".to_owned(),
            init: Init::Bare,
            servers: ["g1", "g2", "g3"].map(node).to_vec(),
            volumes: vec![VolumeSpec {
                name: "v".to_owned(),
                kind: VolumeKind::Replica { count: 3 },
                bricks_per_server: 2,
                options: Vec::new(),
            }],
            clients: vec![ClientSpec { node: node("c1"), mounts: vec!["v".to_owned()] }],
        }
    }

    #[test]
    fn sets_spread_over_servers() {
        let spec = spec();
        let bricks = spec.volumes[0].bricks(&spec.servers);
        let places: Vec<String> =
            bricks.iter().map(|brick| format!("{}:{}", brick.server, brick.path)).collect();
        let expected = [
            "g1:/bricks/v/1",
            "g2:/bricks/v/1",
            "g3:/bricks/v/1",
            "g1:/bricks/v/2",
            "g2:/bricks/v/2",
            "g3:/bricks/v/2",
        ];
        assert_eq!(places, expected);
    }

    #[rstest]
    #[case::replica(VolumeKind::Replica { count: 3 }, "replica 3", 3)]
    #[case::arbiter(VolumeKind::Arbiter, "replica 3 arbiter 1", 3)]
    #[case::disperse(VolumeKind::Disperse { data: 4, redundancy: 2 }, "disperse-data 4 redundancy 2", 6)]
    #[case::distribute(VolumeKind::Distribute, "", 1)]
    fn kinds(#[case] kind: VolumeKind, #[case] words: &str, #[case] set: usize) {
        assert_eq!(kind.words().join(" "), words);
        assert_eq!(kind.set_size(), set);
    }

    #[rstest]
    #[case::good(|_: &mut PoolSpec| {}, None)]
    #[case::no_server(|spec: &mut PoolSpec| spec.servers.clear(), Some("needs a server"))]
    #[case::node_twice(|spec: &mut PoolSpec| spec.clients[0].node.name = "g1".to_owned(), Some("two nodes are called g1"))]
    #[case::no_name(|spec: &mut PoolSpec| spec.servers[0].name = "G 1".to_owned(), Some("`G 1` is no host name"))]
    #[case::odd_set(|spec: &mut PoolSpec| spec.servers.truncate(2), Some("has 4 bricks; expected a multiple of 3"))]
    #[case::no_bricks(|spec: &mut PoolSpec| spec.volumes[0].bricks_per_server = 0, Some("has 0 bricks"))]
    #[case::volume_twice(|spec: &mut PoolSpec| spec.volumes.push(spec.volumes[0].clone()), Some("two volumes are called v"))]
    #[case::no_volume(|spec: &mut PoolSpec| spec.clients[0].mounts = vec!["w".to_owned()], Some("a client mounts w"))]
    fn faults(#[case] change: impl Fn(&mut PoolSpec), #[case] expected: Option<&str>) {
        let mut spec = spec();
        change(&mut spec);
        let fault = spec.fault();
        match expected {
            None => assert_eq!(fault, None),
            Some(text) => assert!(fault.unwrap().0.contains(text)),
        }
    }
}
