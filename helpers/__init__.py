"""Face swapping with the comb: a lesson to read, and the rooms behind it.

The lesson: read it in this order. Each example in a docstring runs as it
stands, after `import numpy as np`.

    alignment        landmarks -> similarity transform, and back; a head's turn
    crops            a photo -> stored crop -> what the network sees
    masks            which pixels of a crop are face, and how much they count
    augmentation     turned, shifted, warped, lit
    layers           fade-in; a style for each person
    losses           colour and detail inside the mask; a pair's latents
    swapper          what every network that swaps can do
    encoder_decoder  levels, and the encoder and decoders that stand on them
    comb             one shared encoder, one decoder for each identity
    crowd            one decoder with a style for each person: the pretraining
    detail_network   a drawn face made as large as it was filmed
    identities       who joins, leaves, is renamed
    growth           the stages that grow a network, by level
    color_transfer   a face in its target's colours
    relighting       a face in its target's light
    blending         four ways to lay it over, without a seam
    detail           as sharp and as grainy as its target
    compositing      colour, blend, paste: a face back in its frame

The rooms: the way of the data is footage -> faces -> training -> latents ->
swap -> proof; the others serve. A room imports only the lesson and rooms above
it here, the lesson only `files`.

    files      what is written and read safely
    footage    footage in, from wherever it comes, and what was agreed
    synthetic  people who do not exist, and the truth about their footage
    faces      frames in; faces found, followed, cut and recorded
    training   what trains a network and keeps it
    families   other networks, to compare with and to go on to
    latents    one joint space; who is missing what
    plotting   the only user of matplotlib
    swap       photo or video in, swapped and marked photo or video out
    proof      how good is it: with a truth, without one, and found out
    widgets    what is clicked in a notebook
"""

from helpers.files.keras_settings import settle_keras
from helpers.files.quiet import quiet_tensorflow

quiet_tensorflow()
settle_keras()
