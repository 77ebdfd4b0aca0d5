// What of a base the tensors of an adapter have to fit.
#ifndef FULLSTOP_DOCTOR_BASE_FIT_H_
#define FULLSTOP_DOCTOR_BASE_FIT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "doctor/target.h"
#include "doctor/target_weights.h"
#include "format/peft_adapter.h"
#include "format/safetensors.h"

namespace fullstop {

// The length of one dimension, by the base's tensors or, where they can't be
// read, its size. Any number of threads.
class BaseFit {
 public:
  // TENSORS are those of BASE, or nullptr. All must outlive the object.
  BaseFit(const PeftConfig& config, const Target& base,
          const SafetensorsSet* tensors);

  bool KnowsAnything() const;

  // What does not fit, as "the base has 64 there"; empty where nothing speaks
  // against it.
  std::string Misfit(const AdapterTensor& part) const;

 private:
  // A dimension of the part and what its length has to be.
  using Wanted = std::pair<size_t, uint64_t>;

  std::optional<Wanted> WantedOf(const PeftName& name) const;
  std::optional<uint64_t> InputOf(std::string_view module) const;
  std::optional<uint64_t> OutputOf(std::string_view module) const;
  const SafetensorsTensor* Find(std::string_view module) const;

  const PeftConfig& config_;
  ModelShape shape_;
  const SafetensorsSet* tensors_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_BASE_FIT_H_
