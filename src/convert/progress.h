// How far a conversion is, and how it is stopped.
#ifndef FULLSTOP_CONVERT_PROGRESS_H_
#define FULLSTOP_CONVERT_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "base/byte_sink.h"

namespace fullstop {

// Called after each piece with the bytes of tensors written so far and in all;
// false stops the conversion.
using ConvertProgress = std::function<bool(uint64_t done, uint64_t total)>;

// Thrown where a progress function said so; those who write files let it pass,
// so that nothing is left of them, and the conversion's function catches it.
struct ConversionStopped {};

// Counts what passes through its sinks. One thread.
class ProgressMeter {
 public:
  // PROGRESS may be empty.
  ProgressMeter(ConvertProgress progress, uint64_t total)
      : progress_(std::move(progress)), total_(total) {}

  void SetTotal(uint64_t total) { total_ = total; }

  // Passes on to SINK. Both must outlive the result.
  ByteSink Through(const ByteSink& sink) {
    return [this, &sink](std::span<const std::byte> bytes) {
      sink(bytes);
      done_ += bytes.size();
      if (progress_ && !progress_(done_, total_)) throw ConversionStopped();
    };
  }

 private:
  ConvertProgress progress_;
  uint64_t total_;
  uint64_t done_ = 0;
};

// Throws Error (kIo) where the disk that PATH is on has less than BYTES left,
// as far as the system says.
void CheckFreeSpace(const std::string& path, uint64_t bytes);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_PROGRESS_H_
