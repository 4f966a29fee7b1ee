// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Whether the fields of a SEARCH entry can be carried out by this card. Combinational.
module search_check import whorl_gen_pkg::*, dma_pkg::*; #(
  parameter int unsigned Probes = 1
) (
  input  sqe_search_t       sqe_i,
  input  logic [Probes-1:0] probe_loaded_i,
  output status_e           status_o  // SUCCESS, INVALID_FIELD or PROBE_NOT_LOADED
);
  localparam int unsigned CandidatesPerLineBits = $clog2(LINE_BYTES / CANDIDATE_BYTES);

  logic [31:0] block_lines;  // of the longest result block
  logic        probes_valid, addresses_valid, tuning_valid;

  assign block_lines = RESULT_HEADER_LINES + RESULT_HISTOGRAM_LINES
      + ((32'(sqe_i.top_k) + (LINE_BYTES / CANDIDATE_BYTES) - 32'd1) >> CandidatesPerLineBits);

  assign probes_valid    = sqe_i.probe_mask != '0 && (sqe_i.probe_mask >> Probes) == '0;
  // The list is counted in 24 bits, as an extent's lines are.
  assign addresses_valid = sqe_i.extents_address[LINE_OFFSET_BITS-1:0] == '0 && sqe_i.result_address[LINE_OFFSET_BITS-1:0] == '0
      && sqe_i.extent_count != '0 && sqe_i.extent_count <= EXTENT_LINES_MAX
      && sqe_i.result_stride[LINE_OFFSET_BITS-1:0] == '0 && (sqe_i.result_stride >> LINE_OFFSET_BITS) >= block_lines;
  assign tuning_valid    = sqe_i.top_k != '0 && 32'(sqe_i.top_k) <= TOP_K_MAX;

  always_comb begin
    status_o = STATUS_SUCCESS;
    if (!probes_valid || !addresses_valid || !tuning_valid) status_o = STATUS_INVALID_FIELD;
    else if ((sqe_i.probe_mask[Probes-1:0] & ~probe_loaded_i) != '0) status_o = STATUS_PROBE_NOT_LOADED;
  end
endmodule
