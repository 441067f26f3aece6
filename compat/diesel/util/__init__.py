"""What programs build from loops and events: queues, locks, pools."""
