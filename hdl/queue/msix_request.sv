// SPDX-License-Identifier: Apache-2.0 OR MIT
`include "whorl_assert.svh"

/// Interrupt requests to the shell: vector = queue index.
///
/// A request waits until the shell takes it; requests of one pair that meet while waiting become one, as
/// MSI-X allows. Pairs take turns. One request per two cycles.
module msix_request #(
  parameter int unsigned QueuePairs = 4
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic [QueuePairs-1:0] interrupt_i,   // pulses
  // to the shell
  output logic                  msix_valid_o,
  input  logic                  msix_ready_i,
  output logic [7:0]            msix_vector_o
);
  logic [QueuePairs-1:0] pending_q, grant;
  logic                  load;

  assign load = !msix_valid_o;

  rr_arbiter #(.Requesters(QueuePairs)) i_turns (
    .clk_i,
    .rst_i,
    .request_i(pending_q),
    .advance_i(load),
    .grant_o  (grant)
  );

  always_ff @(posedge clk_i) begin
    pending_q <= (pending_q & ~(load ? grant : '0)) | interrupt_i;
    if (load) begin
      msix_valid_o <= grant != '0;
      for (int unsigned q = 0; q < QueuePairs; q++) begin
        if (grant[q]) msix_vector_o <= 8'(q);
      end
    end else if (msix_ready_i) msix_valid_o <= 1'b0;
    if (rst_i) begin
      pending_q    <= '0;
      msix_valid_o <= 1'b0;
    end
  end

  `ASSERT_HELD(VectorHeld, msix_valid_o, msix_ready_i, msix_vector_o)
  `ASSERT_IF(VectorOfAPair, msix_valid_o, msix_vector_o < 8'(QueuePairs))
endmodule
