# Stops glusterd alone; bricks and self-heal daemons go on.
if unit=$(glusterd_unit); then
    # With any other KillMode systemd would end the bricks along with glusterd.
    mode=$(systemctl show -p KillMode "$unit")
    if [ "$mode" != KillMode=process ]; then
        echo "refused: stopping $unit would end its bricks too ($mode)"
        exit 1
    fi
    systemctl stop "$unit" || echo "systemctl stop $unit failed"
fi
# Also one that was started by hand.
terminate glusterd
wait_gone "$1" glusterd || exit 1
echo stopped
