// Package web shows the pages of search/report/page in a browser, live while a sweep
// runs. It reads from a Source, which in the program is a store's Reader: the runner's
// socket while one runs, else the file, opened for each look. It never writes.
//
// # Who may look
//
// A page on a loopback address can be asked for by every page that the same browser
// shows, so being on loopback is no protection by itself. The guard (guard.go) checks
// of every request, in this order: the method (GET and HEAD), the Host (an address or a
// name we know; a name that somebody else's DNS points at us is refused, which is DNS
// rebinding), where it comes from (Origin and Sec-Fetch-Site: other sites may link here
// but not read, embed or probe), and the token where there is one. The token comes once
// in the address, is compared in constant time and becomes a cookie; the address is then
// without it.
//
// Nothing in an address reaches the file system: a sweep is found by parsing its ID
// and looking it up among those enrolled, everything else is a fixed route.
//
// # How it stays live
//
// One goroutine a sweep (feed.go) looks while somebody watches: at the runner's status
// often, at the facts when they have changed and no more often than a fraction of what
// looking costs. It makes whole pieces of the page; who watches gets the newest of each
// that it has not seen. A slow browser thus skips states and never holds anybody up.
package web
