import type { Tensor4D } from "@tensorflow/tfjs";
import type { Tensorflow } from "./backend.ts";

interface Attributes {
  readonly strides: [number, number] | number;
  readonly pad: "same" | "valid" | number;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  readonly filterShape: [number, number, number, number];
}

/**
 * tfjs-backend-wasm 4.22 has no kernel for the gradient of a convolution by its filter, so no network with a convolution
 * could train on it. Here it is, from kernels that it has: for each tap of the filter, the samples of x that the tap met
 * ([N x positions, Cin], transposed) times dy ([N x positions, Cout]). Only channels-last data, as everywhere here.
 */
export function supplyConvolutionGradient(tf: Tensorflow): void {
  if (tf.getKernel("Conv2DBackpropFilter", "wasm")) return;
  tf.registerKernel({
    kernelName: "Conv2DBackpropFilter",
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as unknown as { x: Tensor4D; dy: Tensor4D };
      const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as Attributes;
      return tf.tidy(() => {
        const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
        const { top, bottom, left, right } = info.padInfo;
        const padded = tf.pad(x, [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]);
        const positions = info.batchSize * info.outHeight * info.outWidth;
        const slopes = tf.reshape(dy, [positions, info.outChannels]);
        const taps = [];
        for (let row = 0; row < info.filterHeight; row += 1) {
          for (let column = 0; column < info.filterWidth; column += 1) {
            const met = tf.stridedSlice(
              padded,
              [0, row, column, 0],
              [
                info.batchSize,
                row + (info.outHeight - 1) * info.strideHeight + 1,
                column + (info.outWidth - 1) * info.strideWidth + 1,
                info.inChannels,
              ],
              [1, info.strideHeight, info.strideWidth, 1],
            );
            taps.push(tf.matMul(tf.reshape(met, [positions, info.inChannels]), slopes, true, false));
          }
        }
        return tf.reshape(tf.stack(taps), filterShape);
      });
    },
  });
}
