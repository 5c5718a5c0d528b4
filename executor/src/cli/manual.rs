//! What `executor --help` tells after the list of commands.

/// The inventory, a first upgrade, the environment and the files; exit codes follow.
pub(super) const AFTER_HELP: &str = "\
The inventory (TOML) names every server of the pool, and the clients:

  transport = \"ssh\"         # the default; a host may say its own: \"local\" where this program runs,
                            # or { exec = [\"docker\", \"exec\", \"-i\", \"{address}\"] }

  [ssh]                     # for every host; each key may be left out, or be set per host
  user = \"root\"
  identity = \"id_ed25519\"   # relative to the inventory
  # port, jump, known_hosts likewise; ~/.ssh/config is honoured, host keys are always checked

  [packages]                # only where the package manager shall not do it: commands of your own
  install = [\"/opt/upgrade\", \"{release}\"]
  install_back = [\"/opt/downgrade\", \"{release}\"]

  [[servers]]
  name = \"g1\"               # what to call it; `address` if it is reached by another name

  [[clients]]               # machines that mount volumes: upgraded after the servers
  name = \"web1\"

  [[clients.applications]]  # what has to be stopped there first; servers may have them too
  name = \"shares\"
  unit = \"smbd.service\"     # or `process` with commands to `stop` and `start` it

  [[secondaries]]           # pools that this one is geo-replicated to, upgraded before it
  inventory = \"dr.toml\"     # their own inventory, relative to this one
  # [[primaries]] likewise: pools that are geo-replicated to this one

A first upgrade:
  executor check -i pool.toml --to 11.1     what stands in the way? (changes nothing)
  executor plan  -i pool.toml --to 11.1     what would be done, step by step? (changes nothing)
  executor run   -i pool.toml --to 11.1     does it, after showing it and asking

Environment:
  GLUSTER_UPGRADE_STATE_DIR  where journals and locks are kept, as --state-dir says
  XDG_STATE_HOME, HOME       where they are kept otherwise, in gluster-upgrade below them
  RUST_LOG                   what is said on stderr, in place of -v: executor=debug
  NO_COLOR                   no colours in errors of usage; nothing else has any

Data goes to stdout, everything else to stderr.

Files, below ~/.local/state/gluster-upgrade unless told otherwise:
  runs/TIME-RELEASE/journal.jsonl  the journal of a run: what it is about to do, written first";
