# Stops glusterd alone; bricks and self-heal daemons go on.
if unit=$(glusterd_unit) && ! stop_unit "$unit" "$1"; then
    echo "$unit was not stopped"
    exit 1
fi
# Also one that was started by hand.
terminate glusterd
wait_gone "$1" glusterd || exit 1
echo stopped
