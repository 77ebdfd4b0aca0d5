// The hyper-parameters of an architecture, read from a file's keys.
#ifndef FULLSTOP_MODEL_KEYS_H_
#define FULLSTOP_MODEL_KEYS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/model_file.h"

namespace fullstop {

// KEY is named without the architecture: "block_count" reads
// "llama.block_count". All throw Error (kFormat) naming the whole key where it
// has another type or a value out of range, and, for those without a default,
// where it is missing. FILE must outlive the object.
class ModelKeys {
 public:
  ModelKeys(const ModelFile& file, std::string_view architecture);

  // 1 to 2^31 - 1, so that the product of two can't overflow.
  uint64_t Count(std::string_view key) const;
  uint64_t Count(std::string_view key, uint64_t fallback) const;
  // 0 to 2^31 - 1 for each of COUNT layers: an array of at least COUNT, of
  // which the first COUNT are taken, or one number for all, as Count.
  std::vector<uint64_t> Counts(
      std::string_view key, uint64_t count,
      std::optional<uint64_t> fallback = std::nullopt) const;
  // As Count, but 0 stands for "none", as does a missing key.
  uint64_t CountOrNone(std::string_view key) const;
  // Finite and above 0.
  double Positive(std::string_view key) const;
  double Positive(std::string_view key, double fallback) const;
  std::optional<std::string_view> Text(std::string_view key) const;
  bool Flag(std::string_view key, bool fallback) const;
  // Finite.
  double Number(std::string_view key, double fallback) const;
  // An array of at least COUNT, of which the first COUNT are taken; or a
  // number N: all but each N-th; or FALLBACK of each index where the key is
  // missing.
  std::vector<bool> Flags(
      std::string_view key, uint64_t count,
      const std::function<bool(uint64_t index)>& fallback) const;
  // COUNT finite numbers, an array or one for all, under a key that does not
  // begin with the architecture.
  std::vector<float> GlobalNumbers(std::string_view full_key,
                                   uint64_t count) const;

  // "llama.block_count"
  std::string FullKey(std::string_view key) const;

 private:
  std::optional<uint64_t> FindCount(std::string_view key, int64_t least) const;
  std::optional<double> FindPositive(std::string_view key) const;
  [[noreturn]] void ThrowMissing(std::string_view key) const;

  const ModelFile& file_;
  std::string architecture_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_KEYS_H_
