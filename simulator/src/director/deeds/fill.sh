# Puts the folder $1 with all that is in it on a file system of its own, in memory, and fills that to its end. Ends with 0
# where no room is left.
set -e
folder=$1
mkdir -p "$folder" /mnt/filled
kilobytes=$(du -sk "$folder" | cut -f 1)
mount -t tmpfs -o "size=$((kilobytes + kilobytes / 4 + 512))k" tmpfs /mnt/filled
cp -a "$folder/." /mnt/filled/
mount --move /mnt/filled "$folder"
cat /dev/zero >"$folder/filler" 2>/dev/null || true
room=$(df --output=avail -k "$folder" | tail -n 1)
if [ "$room" -ne 0 ]; then
    echo "$room KiB are left" >&2
    exit 1
fi
echo "no room is left in $folder"
