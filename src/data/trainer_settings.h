// What a trainer's recipe says of its data.
#ifndef FULLSTOP_DATA_TRAINER_SETTINGS_H_
#define FULLSTOP_DATA_TRAINER_SETTINGS_H_

#include <cstddef>
#include <string>

namespace fullstop {

// Of a recipe for LLaMA-Factory (its hparams/data_args.py, 0.9.5): a value that
// is left out is the trainer's default.
struct TrainerSettings {
  std::string stage = "sft";
  // The trainer's own name of the template that it renders with.
  std::string template_name = {};
  // The most ids of a conversation: of a packed row one is padding.
  size_t cutoff = 2048;
  // The last turn alone is trained.
  bool mask_history = false;
  // What others say is trained too.
  bool train_on_prompt = false;
  // Several rows become one.
  bool packing = false;
  // They are kept apart by the mask.
  bool neat_packing = false;
  // Where rows are kept once they are tokenized; empty where they are not.
  std::string tokenized_path = {};

  // Reads YAML, or JSON, which is YAML. Throws Error with line and column:
  // kFormat where it is neither, no mapping, or a setting above has a value of
  // another type or stands there twice; kLimit for more than 64 levels or 256
  // aliases, which it does not follow but to a single value; kUnsupported for
  // another stage than sft; what ReadFile throws.
  static TrainerSettings Read(const std::string& path);
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_TRAINER_SETTINGS_H_
