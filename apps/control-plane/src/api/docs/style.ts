/** The page's style; its hash stands in the page's policy. */
export const style = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:0 auto;padding:1rem}
h1{margin:0}
h2{margin:2rem 0 0}
h3{font-size:1rem;margin:1rem 0 0}
nav{position:sticky;top:0}
a{color:LinkText}
code{font:0.95em ui-monospace,monospace}
details{border:1px solid color-mix(in srgb,CanvasText 20%,Canvas);border-radius:6px;margin:.4rem 0;padding:.3rem .7rem}
details details{border:0;padding:0;margin:0}
details:target{outline:2px solid LinkText}
summary{cursor:pointer}
ul{margin:.2rem 0;padding-left:1.2rem}
i{font-style:normal;opacity:.75}
em{font-size:.9em}
b[title]{color:#c22}
.GET{color:#0a7}.POST{color:#07c}.PUT{color:#b60}.DELETE{color:#c22}
`
