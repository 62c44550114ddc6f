// Plain JavaScript, so that any Node can read it and say what is wrong before TypeScript is loaded.
if (Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `vrata needs Node 24; this is ${process.version}. Start it by "npm run control-plane", which brings its own.`,
  )
  process.exit(1)
}
await import('./src/main.ts')
