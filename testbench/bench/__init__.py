"""What the benches share: building and running (`runner`), streams with stalls (`streams`), packing (`fields`)."""
