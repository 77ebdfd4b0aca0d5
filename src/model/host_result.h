// A call's results in this machine's memory.
#ifndef FULLSTOP_MODEL_HOST_RESULT_H_
#define FULLSTOP_MODEL_HOST_RESULT_H_

#include <cstddef>
#include <span>
#include <vector>

#include "model/forward.h"

namespace fullstop {

// Each row keeps only what it wanted; asking for anything else throws Error
// (kUsage). Whoever computes fills rows().
class HostResult final : public ForwardResult {
 public:
  struct RowResult {
    Want want = Want::kNothing;
    // By WANT: the logits, the hidden state, or the chosen logits.
    std::vector<float> numbers;
    std::vector<TopLogit> top;
    double log_sum_exp = 0;
  };

  std::vector<RowResult>& rows() { return rows_; }

  std::span<const float> Logits(size_t row) override;
  std::span<const float> Hidden(size_t row) override;
  std::span<const TopLogit> Top(size_t row) override;
  double LogSumExp(size_t row) override;
  std::span<const float> Chosen(size_t row) override;

 private:
  const RowResult& Get(size_t row, Want want) const;

  std::vector<RowResult> rows_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_HOST_RESULT_H_
