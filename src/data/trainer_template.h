// How the trainer's own templates end turns.
#ifndef FULLSTOP_DATA_TRAINER_TEMPLATE_H_
#define FULLSTOP_DATA_TRAINER_TEMPLATE_H_

#include <string_view>

namespace fullstop {

struct TrainerTemplate {
  std::string_view name;
  // What it writes behind an answer; empty where it writes no end there.
  std::string_view end;
  // The tokenizer's EOS stands behind the row, and is the label of the first id
  // of what is said behind each answer.
  bool efficient_eos = false;
};

// Of LLaMA-Factory's templates (its data/template.py, 0.9.5) those with an
// `efficient_eos` or that `replace_eos`: they may end turns otherwise than the
// model's own template does. Null for any other name.
const TrainerTemplate* FindTrainerTemplate(std::string_view name);

}  // namespace fullstop

#endif  // FULLSTOP_DATA_TRAINER_TEMPLATE_H_
