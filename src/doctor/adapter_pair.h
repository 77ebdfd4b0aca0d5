// An adapter, or a trained model, beside the base that it was made from: what
// its rules ask of both.
#ifndef FULLSTOP_DOCTOR_ADAPTER_PAIR_H_
#define FULLSTOP_DOCTOR_ADAPTER_PAIR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "doctor/rule.h"
#include "doctor/target.h"
#include "doctor/target_weights.h"

namespace fullstop {

// Why an adapter without a base can't be judged, with the name that it records.
std::string NeedsBase(const Target& target);

// What TARGET was trained from. nullptr where that is not known; where TARGET
// is an adapter, FINDINGS hear so.
const Target* BaseOf(const Target& target, Findings* findings);

// The weights of ASKED, which is TARGET or its base; nullptr where they can't
// be read, and FINDINGS hear why.
const TargetWeights* WeightsOf(const Target& target, const Target& asked,
                               Findings* findings);

// The rows of tokens before and after training. Views both targets' weights.
class TrainedRows {
 public:
  // nullopt where a part of it can't be read; FINDINGS hear why. Without a base
  // nothing is said of a target that is no adapter.
  static std::optional<TrainedRows> Of(const Target& target,
                                       Findings* findings);

  const Target& base() const { return *base_; }
  const TargetWeights& ours() const { return *ours_; }
  // Whether the base's head is its embedding.
  bool tied() const { return tied_; }
  // The base's rows, which there are.
  const TokenRows& Before(TokenMatrix matrix) const;
  // The whole matrix that training left; nullptr where the adapter holds none.
  const TokenRows* After(TokenMatrix matrix) const;

  // Whether training could change row ID of MATRIX.
  bool Reaches(TokenMatrix matrix, size_t id) const;
  // Whether it did; of low-rank changes of an embedding: true.
  bool Changed(TokenMatrix matrix, size_t id) const;
  // Row ID as the target brings it; nullopt where it does not bring it whole.
  std::optional<std::vector<float>> Row(TokenMatrix matrix, size_t id) const;

 private:
  // A row of single ones.
  struct TokenRow {
    const TokenRows* rows;
    size_t row;
  };

  TrainedRows() = default;
  std::optional<TokenRow> FindToken(TokenMatrix matrix, size_t id) const;
  // The matrices that stand for MATRIX: itself and, where they are one, the
  // other.
  std::vector<TokenMatrix> Aliases(TokenMatrix matrix) const;

  const Target* target_ = nullptr;
  const Target* base_ = nullptr;
  const TargetWeights* ours_ = nullptr;
  const TargetWeights* theirs_ = nullptr;
  bool tied_ = false;
};

// The ids that TARGET's vocabulary has and its base's has not, or with another
// text.
std::vector<TokenId> NewTokens(const Target& target, const Target& base);

// Some of SIZE ids, evenly spread, the ends of TARGET's replies among them;
// ascending.
std::vector<size_t> SomeRows(const Target& target, size_t size);

// "[8, 32]".
std::string ShownShape(const SafetensorsTensor& tensor);

// "1.5 GB".
std::string ShownBytes(uint64_t bytes);

// "3 rows", "1 row".
std::string HowMany(size_t n, const char* what);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_ADAPTER_PAIR_H_
