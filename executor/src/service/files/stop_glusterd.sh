# Stops glusterd and its daemons (self-heal, quota and the like) within $1 seconds each; bricks and mounts go on.
end_glusterd "$1" || exit 1
echo stopped
