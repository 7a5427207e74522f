"""Files from elsewhere: allowed hosts, bounded downloads, pictures and films checked by their bytes."""
