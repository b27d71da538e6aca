// Package rpc serves an output to Redpanda Connect by its protocol for dynamic plugins
// (gRPC on a Unix socket), so that it works in a Redpanda Connect that was built without
// it. Redpanda Connect starts this process, names the socket in the environment, and
// makes four calls: Init, Connect, Send for each batch, and Close.
//
// Why not package public/plugin/go/rpcn of Redpanda Connect, which is for this: its
// server takes requests of up to 4 MiB, gRPC's own limit, and a larger batch would be
// sent again for ever; it ends at the first signal, which a terminal sends to both
// processes, with the batches of the last moments not taken; and it goes on running when
// Redpanda Connect was killed.
//
// Package runtimepb is generated from the files below proto (make proto), which are those
// of Redpanda Connect. A program can link these messages once only, so that this package
// is for the binary: a program with all of Redpanda Connect has them already.
package rpc
