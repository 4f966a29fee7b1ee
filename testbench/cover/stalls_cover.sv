// SPDX-License-Identifier: Apache-2.0 OR MIT

/// Bins of several streams of one kind: each of them waits for its sink.
module stalls_cover #(
  parameter int unsigned Streams = 1
) (
  input logic               clk_i,
  input logic               rst_i,
  input logic [Streams-1:0] valid_i,
  input logic [Streams-1:0] ready_i
);
  for (genvar s = 0; s < int'(Streams); s++) begin : gen_stream
    Stalls: cover property (@(posedge clk_i) disable iff (rst_i) valid_i[s] && !ready_i[s]);
  end
endmodule
