package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"espalier/search/report/page"
)

// guard lets requests through that may be answered.
type guard struct {
	next  http.Handler
	names map[string]bool // host names, lower case, that are ours
	token string          // "": none is asked for
}

const cookieName = "espalier-token"

// pass is what the cookie holds: who reads it cannot tell the token.
func (g *guard) pass() string {
	sum := sha256.Sum256([]byte("espalier serve\x00" + g.token))
	return hex.EncodeToString(sum[:])
}

// equal compares in a time that tells nothing of where two texts differ, nor of how
// long the secret is.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// ServeHTTP checks a request; see the package comment for the order.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", page.Policy(true)+"; frame-ancestors 'none'")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("X-Frame-Options", "DENY")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	head.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 0)
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		head.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET: nothing can be changed here", http.StatusMethodNotAllowed)
	case !g.ours(r.Host):
		http.Error(w, "this server does not answer to that name; --host NAME allows it", http.StatusMisdirectedRequest)
	case !welcome(r):
		http.Error(w, "another site asked for this", http.StatusForbidden)
	case g.token == "":
		g.next.ServeHTTP(w, r)
	default:
		g.admit(w, r)
	}
}

// ours tells whether a Host means this server: an address, which no foreign DNS name
// is, or a name that is known.
func (g *guard) ours(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return g.names[strings.ToLower(name)]
}

// welcome tells whether a request comes from the user or from a page of ours. Another
// site may send the user here by a link, which shows it nothing.
func welcome(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(u.Host, r.Host) {
			return false
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return true
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// admit asks for the token: in the address once, then as a cookie, or as a header for
// programs.
func (g *guard) admit(w http.ResponseWriter, r *http.Request) {
	if given := r.URL.Query().Get("token"); given != "" && equal(given, g.token) {
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: g.pass(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && equal(bearer, g.token) {
		g.next.ServeHTTP(w, r)
		return
	}
	if c, err := r.Cookie(cookieName); err == nil && equal(c.Value, g.pass()) {
		g.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="espalier"`)
	http.Error(w, "open the address that espalier serve printed: it has the token", http.StatusUnauthorized)
}
