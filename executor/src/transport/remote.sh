# Runs the command "$@" for at most $1 seconds on this host.
# Killing the ssh client does not stop what it started, so the end of the time has to be kept here.
# sshd gives a plain user no sbin in the path, which is where gluster's programs are.
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
seconds=$1
shift
timeout -k 10 "$seconds" "$@"
# This shell stays until here, so that a command killed by a signal has a status (128 + signal):
# ssh's multiplexing tells such an end of a remote process from a lost connection in no way.
exit $?
