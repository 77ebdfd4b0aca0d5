// The input as a trainer's recipe.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "base/fuzz_file.h"
#include "data/trainer_settings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fullstop::FuzzFile file;
  file.Write(data, size);
  try {
    const auto settings = fullstop::TrainerSettings::Read(file.path());
    if (settings.cutoff == 0 || settings.stage != "sft") std::abort();
    if (settings.mask_history && settings.train_on_prompt) std::abort();
  } catch (const fullstop::Error&) {
    // What can't be read is told.
  }
  return 0;
}
