//! HDR histograms.
