# Takes the filler out of the folder $1 and brings the rest back to where it was. Ends with 0 where there is room again.
set -e
folder=$1
rm "$folder/filler"
mkdir -p /mnt/filled
mount --move "$folder" /mnt/filled
rsync -aHX --delete /mnt/filled/ "$folder/"
umount /mnt/filled
room=$(df --output=avail -k "$folder" | tail -n 1)
[ "$room" -gt 1024 ]
echo "$room KiB are left in $folder"
