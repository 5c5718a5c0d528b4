//! What a pool can be left with after a run, one break at a time, on three servers that are all at one release.

use std::time::Instant;

use anyhow::Context as _;
use simulator::oracle::Verdict;
use simulator::pool::Node;

use crate::bench::{Bench, Named, OPTION, VOLUME, say};

/// Turns the bits of a file's first byte, in place: the size stays, and so does all that Gluster knows of it. Twice is
/// not at all.
const FLIP: &str = "
import os, sys
with open(sys.argv[1], 'r+b', 0) as file:
    byte = file.read(1)
    file.seek(0)
    file.write(bytes([byte[0] ^ 255]))
    os.fsync(file.fileno())
";

/// Notes on a brick that another brick has yet to get a file's bytes, as Gluster does it when that one misses a write:
/// a count in the file's attribute (data, metadata and entries, four bytes each), and the file's id in the index.
const OWE: &str = "
import os, sys
brick, path, debtor = sys.argv[1:]
file = os.path.join(brick, path)
os.setxattr(file, 'trusted.afr.' + debtor, bytes([0, 0, 0, 1]) + bytes(8))
id = os.getxattr(file, 'trusted.gfid').hex()
name = '-'.join([id[:8], id[8:12], id[12:16], id[16:20], id[20:]])
os.close(os.open(os.path.join(brick, '.glusterfs/indices/xattrop', name), os.O_CREAT | os.O_EXCL, 0))
";

/// Puts a file back where it is missing still: a lookup can have healed its name.
const PUT_BACK: &str = "[ -e \"$2\" ] || ln \"$1\" \"$2\"; rm \"$1\"";
/// Where a file is kept meanwhile: outside the brick, on its filesystem.
const KEPT: &str = "/bricks/kept";

/// A way to break a pool, and to mend it.
#[derive(Debug, Clone, Copy)]
enum Break {
    BrickKilled,
    BytesChanged,
    FileLostByOneBrick,
    FileRemovedByAClient,
    OpVersionOfOneServer,
    OptionChanged,
    OptionLostByOneServer,
    HealPending,
    GlusterdStopped,
    HostUnreadable,
    HostWithoutPower,
}

impl Break {
    /// The last one leaves the pool freshly started, which none of the others needs.
    const ALL: [Self; 11] = [
        Self::BrickKilled,
        Self::BytesChanged,
        Self::FileLostByOneBrick,
        Self::FileRemovedByAClient,
        Self::OpVersionOfOneServer,
        Self::OptionChanged,
        Self::OptionLostByOneServer,
        Self::HealPending,
        Self::GlusterdStopped,
        Self::HostUnreadable,
        Self::HostWithoutPower,
    ];

    /// Returns the verdict, and the assertions that must not pass.
    fn seen_by(self, bench: &Bench) -> (Verdict, Vec<Named>) {
        let [first, second, third] = [1, 2, 3].map(|place| bench.brick(place));
        let pool = |name| (name, VOLUME.to_owned());
        let fail = |named: Vec<Named>| (Verdict::Fail, named);
        match self {
            Self::BrickKilled => fail(vec![("brick online", second)]),
            Self::BytesChanged => fail(vec![("brick holds what was acknowledged", third)]),
            Self::FileLostByOneBrick => fail(vec![("brick holds what was acknowledged", second)]),
            Self::FileRemovedByAClient => fail(vec![
                pool("acknowledged files are on the bricks"),
                pool("acknowledged files read back through a fresh mount"),
            ]),
            Self::OpVersionOfOneServer => fail(vec![("op-version", "g2".to_owned())]),
            Self::OptionChanged => fail(
                ["g1", "g2", "g3"].map(|name| ("options unchanged", format!("{VOLUME} on {name}"))).to_vec(),
            ),
            Self::OptionLostByOneServer => fail(vec![("options unchanged", format!("{VOLUME} on g3"))]),
            Self::HealPending => fail(vec![
                ("nothing to heal, by the brick's index", first),
                ("nothing to heal, by the brick's index", third),
                pool("nothing to heal, by heal info"),
                ("brick holds what was acknowledged", second),
            ]),
            Self::GlusterdStopped => fail(vec![
                ("glusterd runs", "g2".to_owned()),
                ("peers", "g1".to_owned()),
                ("peers", "g3".to_owned()),
            ]),
            // Nothing is wrong with it, as far as anybody can see.
            Self::HostUnreadable => (
                Verdict::Unknown,
                vec![("server can be read", "g3".to_owned()), ("brick holds what was acknowledged", third)],
            ),
            Self::HostWithoutPower => fail(vec![("peers", "g1".to_owned()), ("peers", "g2".to_owned())]),
        }
    }

    async fn apply(self, bench: &Bench) -> anyhow::Result<()> {
        let [_, second, third] = [1, 2, 3].map(|place| bench.server(place));
        let (path, client) = (bench.victim()?, bench.pool.clients().first().context("a client")?);
        match self {
            Self::BrickKilled => bench.kill(second, "glusterfsd").await,
            Self::BytesChanged => flip(bench, third, path).await,
            Self::FileLostByOneBrick => bench.run(second, &["mv", &on_brick(second, path), KEPT]).await,
            Self::FileRemovedByAClient => {
                let file = on_mount(path);
                bench.run(client, &["cp", &file, "/tmp/kept"]).await?;
                bench.run(client, &["rm", &file]).await
            }
            Self::OpVersionOfOneServer => op_version(bench, second, "110000", "100000").await,
            Self::OptionChanged => set(bench, "128MB").await,
            Self::OptionLostByOneServer => {
                let delete = format!("/^{}=/d", OPTION.0);
                bench.run(third, &["sed", "--in-place=.kept", &delete, INFO]).await
            }
            Self::HealPending => {
                for server in [1, 3].map(|place| bench.server(place)) {
                    let debtor = format!("{VOLUME}-client-1");
                    bench.run(server, &["python3", "-c", OWE, &server.bricks[0].path, path, &debtor]).await?;
                }
                flip(bench, second, path).await
            }
            Self::GlusterdStopped => bench.kill(second, "glusterd").await,
            Self::HostUnreadable => {
                bench.run(third, &["mv", "/usr/bin/python3", "/usr/bin/python3.kept"]).await
            }
            Self::HostWithoutPower => Ok(bench.pool.engine().kill(&third.container, "SIGKILL").await?),
        }
    }

    async fn mend(self, bench: &Bench) -> anyhow::Result<()> {
        let [_, second, third] = [1, 2, 3].map(|place| bench.server(place));
        let (path, client) = (bench.victim()?, bench.pool.clients().first().context("a client")?);
        match self {
            Self::BrickKilled => bench.all_online().await,
            Self::BytesChanged => flip(bench, third, path).await,
            Self::FileLostByOneBrick => {
                bench.run(second, &["sh", "-c", PUT_BACK, "put-back", KEPT, &on_brick(second, path)]).await?;
                heal(bench).await
            }
            Self::FileRemovedByAClient => bench.run(client, &["cp", "/tmp/kept", &on_mount(path)]).await,
            Self::OpVersionOfOneServer => op_version(bench, second, "100000", "110000").await,
            Self::OptionChanged => set(bench, OPTION.1).await,
            Self::OptionLostByOneServer => bench.run(third, &["mv", &format!("{INFO}.kept"), INFO]).await,
            // The pool does it by itself once it is told to: what was owed is paid, and the bytes are right again.
            Self::HealPending => heal(bench).await,
            Self::GlusterdStopped => {
                bench.pool.start_glusterd(second).await?;
                bench.all_online().await
            }
            Self::HostUnreadable => {
                bench.run(third, &["mv", "/usr/bin/python3.kept", "/usr/bin/python3"]).await
            }
            Self::HostWithoutPower => {
                bench.pool.engine().start(&third.container).await?;
                bench.pool.start_glusterd(third).await?;
                bench.all_online().await
            }
        }
    }
}

/// Breaks the pool in every way, one after the other.
pub(crate) async fn all(bench: &Bench) -> anyhow::Result<()> {
    bench.well("as it came up", &bench.expected).await?;
    for way in Break::ALL {
        let (name, begun) = (format!("{way:?}"), Instant::now());
        way.apply(bench).await.with_context(|| format!("breaking: {name}"))?;
        let (verdict, named) = way.seen_by(bench);
        bench.broken(&name, &bench.expected, verdict, &named).await?;
        way.mend(bench).await.with_context(|| format!("mending: {name}"))?;
        bench.well(&format!("{name}, mended"), &bench.expected).await?;
        say(&bench.test, &format!("{name}: {:.1} s in all", begun.elapsed().as_secs_f64()));
    }
    Ok(())
}

/// What glusterd stores of the volume.
const INFO: &str = "/var/lib/glusterd/vols/vol0/info";

fn on_brick(server: &Node, path: &str) -> String {
    format!("{}/{path}", server.bricks[0].path)
}

fn on_mount(path: &str) -> String {
    format!("/mnt/{VOLUME}/{path}")
}

async fn flip(bench: &Bench, server: &Node, path: &str) -> anyhow::Result<()> {
    bench.run(server, &["python3", "-c", FLIP, &on_brick(server, path)]).await
}

/// Changes what a server has stored as its op-version, as if it had never heard of the other one.
async fn op_version(bench: &Bench, server: &Node, from: &str, to: &str) -> anyhow::Result<()> {
    let change = format!("s/^operating-version={from}$/operating-version={to}/");
    bench.run(server, &["sed", "--in-place", &change, "/var/lib/glusterd/glusterd.info"]).await
}

async fn set(bench: &Bench, value: &str) -> anyhow::Result<()> {
    bench.gluster(&["volume", "set", VOLUME, OPTION.0, value]).await
}

async fn heal(bench: &Bench) -> anyhow::Result<()> {
    bench.gluster(&["volume", "heal", VOLUME]).await
}
