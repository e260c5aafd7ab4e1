// Whether a network that was read is one that the kernel can run.
#include "model.h"

static int is_moderate(Quantization from, Quantization to) { return from.scale < 4096 * to.scale; }

/** Whether no step between two codes is more than 4096 of the next quantization: so rounding as simd.h does it is exact. */
static const char *range_problem(const GateNetwork *network) {
  int all = network->input.input.scale > 1.0f / 64 / 8 && is_moderate(network->summed, network->result) &&
            is_moderate(network->shift.result, network->result);
  Quantization residual = network->result;
  for (int i = 0; i < network->block_count; i++) {
    const ResidualBlock *block = &network->blocks[i];
    all = all && is_moderate(block->projected, block->result) && is_moderate(residual, block->result);
    // What a code of the factor makes of 255 codes.
    if (i >= network->spatial_count)
      all = all && 255.0f * block->factor.result.scale * block->rectified.scale < 4096 * block->scaled.scale;
    residual = block->result;
  }
  return all ? NULL : "ranges of like size";
}

/** Whether layers fit together and the buffers of network.h, which work on whole panels of 16 channels. */
const char *network_problem(const GateNetwork *network, int features, int gates, int most_spatial) {
  const Convolution *input = &network->input;
  const int channels = input->outputs;
  if (input->inputs != features || input->side != 1 || input->input.zero) return "96 and 288 features from 0 on";
  if (channels % 16 || channels > 96) return "multiples of 16 channels, at most 96";
  if (network->shift.convolution.outputs != channels) return "a shift for every channel";
  const Convolution *logits = &network->logits;
  if (logits->outputs != gates || logits->inputs != channels || logits->side != 1) return "96 and 192 gates";
  if (network->spatial_count > most_spatial) return "at most one 3x3 convolution, of luma";
  for (int i = 0; i < network->block_count; i++) {
    const ResidualBlock *block = &network->blocks[i];
    const Convolution *expand = &block->expand, *project = &block->project;
    const int is_spatial = i < network->spatial_count;
    if ((expand->side == 3) != is_spatial) return "3x3 convolutions first";
    if (expand->inputs != channels || expand->outputs % 16 || expand->outputs > 192 || (is_spatial && expand->outputs != channels))
      return "blocks of multiples of 16 channels, at most 192";
    if (project->inputs != expand->outputs || project->outputs != channels || project->side != 1)
      return "blocks that give as many channels as they take";
    if (is_spatial == (block->factor.convolution.outputs != 0)) return "factors for 1x1 blocks alone";
    if (!is_spatial && block->factor.convolution.outputs != expand->outputs) return "a factor for every channel";
  }
  return range_problem(network);
}
