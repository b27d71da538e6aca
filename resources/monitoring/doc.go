// Command monitoring shows that the dashboard and the alert rules beside it
// work: it runs the real binary under a load that changes, with bad records, a
// throttled and an unreachable destination, has a real Prometheus scrape it,
// asks that for the queries of every panel, and fails when one returns nothing.
// What it was told it writes to a file, from which draw.py draws the picture in
// docs/images.
//
// With -rules it prints the queries of the dashboard as a rule file instead,
// for promtool to check.
package main
