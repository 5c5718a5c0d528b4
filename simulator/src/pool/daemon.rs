//! Self-heal daemons that glusterd has lost.
//!
//! A glusterd of 7 or newer that starts while its peers answer may delete the pid file that its self-heal daemon holds for
//! one of several volumes. The daemon heals on, and is offline to glusterd until that starts anew. It is no matter of an
//! upgrade: it happens at any start of all servers at once (11.1, six servers, two volumes: two of six starts).

use super::gluster::LIMIT;
use super::node::Node;
use super::wait::{Look, until};
use super::{Pool, PoolError};

/// Succeeds where a process holds such a file.
const LOST: &str =
    r#"for fd in /proc/[0-9]*/fd/*; do readlink "$fd"; done 2>/dev/null | grep -q 'shd\.pid (deleted)$'"#;

/// Ends glusterd. A unit of systemd's may end the bricks along with it, which start again with the next one.
const END_GLUSTERD: &str = "pkill -x glusterd; while pgrep -x glusterd >/dev/null; do sleep 0.1; done";

impl Pool {
    /// Waits until everything of every volume is online. Does what an operator would where glusterd has lost its
    /// self-heal daemon: starts glusterd anew. Returns the servers where it had to.
    ///
    /// # Errors
    ///
    /// [`PoolError::NotReady`] with what is not online.
    pub async fn wait_for_volumes(&self) -> Result<Vec<String>, PoolError> {
        let mut anew = Vec::new();
        for volume in &self.volumes {
            until(format!("all of volume {} to be online", volume.name), LIMIT, async || {
                let look = self.look_at_bricks(volume).await?;
                if matches!(look, Look::NotYet(_)) {
                    for server in &self.servers {
                        if self.start_anew_where_lost(server).await? {
                            anew.push(server.name.clone());
                        }
                    }
                }
                Ok(look)
            })
            .await?;
        }
        Ok(anew)
    }

    async fn start_anew_where_lost(&self, server: &Node) -> Result<bool, PoolError> {
        let lost = self.engine.exec(&server.container, &["sh", "-c", LOST]).await?.success();
        if lost {
            self.engine.exec_ok(&server.container, &["sh", "-c", END_GLUSTERD]).await?;
            self.start_glusterd(server).await?;
        }
        Ok(lost)
    }
}
