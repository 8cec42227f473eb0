"""The shape of one person's head: identity parameters in, positions out."""

import cv2
import numpy as np

from helpers.synthetic.fields import (
    gaussian,
    mix,
    rounded_curve,
    smoothstep,
)
from helpers.synthetic.regions import beard_region, hair_region
from helpers.synthetic.template import EYE_X, LIP_Y

BEARD_THICKNESS = {
    "none": 0.0,
    "stubble": 0.0,
    "short": 0.18,
    "goatee": 0.3,
    "moustache": 0.3,
    "full": 0.55,
}


def shape_head(identity, template, face_random, hair_random):
    """Positions of one person's head with a neutral expression.

    Args:
        identity: dict, complete identity parameters.
        template: `Template`.
        face_random: numpy random generator for the face.
        hair_random: numpy random generator for the hair.

    Returns:
        float32 array, shape `(rows, columns, 3)`. `(x, y, z)` in cm.
    """
    vertices = template.base.copy()
    _set_proportions(vertices, identity, template)
    vertices[..., 2] += (
        _eye_relief(identity, template)
        + _cheek_relief(identity, template)
        + _nose_relief(identity, template)
        + _mouth_relief(identity, template)
        + _neck_relief(identity, template)
    )
    _move_eyes_and_brows(vertices, identity, template)
    _move_nose_and_mouth(vertices, identity, template)
    _break_symmetry(vertices, identity, template, face_random)
    _grow_hair(vertices, identity, template, hair_random)
    return vertices.astype(np.float32)


def _set_proportions(vertices, identity, template):
    y, front = template.y, template.front
    vertices[..., 0] *= (
        1
        + 0.06 * identity["face_width"] * smoothstep(-14, -10, y)
        + 0.10
        * identity["jaw_width"]
        * template.band(-9, 3.2)
        * (1 - 0.3 * front)
    )
    vertices[..., 0] *= (
        1
        + 0.14 * identity["neck_width"] * template.band(-13.8, 2.3)
        + 0.12 * identity["shoulders"] * smoothstep(-16, -19, y)
    )
    chin = smoothstep(-7.5, -11, y) * smoothstep(-16, -12, y) * front
    vertices[..., 1] -= 0.8 * identity["chin_length"] * chin
    vertices[..., 1] += 0.7 * identity["forehead"] * smoothstep(3, 9, y)


def _eye_relief(identity, template):
    spot = template.spot
    orbit = -1.05 * spot(EYE_X - 0.1, 0.3, 1.85, 1.05)
    orbit -= 0.35 * spot(1.75, 0.5, 0.75, 0.9)
    orbit -= 0.25 * identity["eye_depth"] * spot(EYE_X, 0.3, 1.7, 1.0)
    ball = 0.62 + 0.1 * identity["eye_size"]
    ball = ball * spot(EYE_X, -0.05, 1.25, 0.75)
    ridge = 0.28 + 0.28 * identity["brow_ridge"]
    ridge = ridge * spot(2.7, 1.7, 2.3, 0.75) + 0.12 * spot(0, 2.3, 1.2, 0.9)
    hollow = -0.25 * spot(2.9, 1.0, 1.6, 0.35)
    hollow -= 0.18 * spot(2.6, -1.15, 1.5, 0.35)
    bags = -0.12 * identity["age"] * spot(2.9, -1.35, 1.3, 0.25)
    return orbit + ball + ridge + hollow + bags


def _cheek_relief(identity, template):
    spot, y, fat = template.spot, template.y, identity["cheek_fat"]
    bone = (0.35 + 0.35 * identity["cheekbone"]) * spot(4.7, -2.3, 1.7, 1.3)
    cheek = (0.1 + 0.5 * fat) * spot(4.4, -5.6, 2.0, 2.2)
    hollow = -0.25 * spot(5.6, -5.2, 1.6, 1.8) * (1 - fat)
    temple = -0.35 * spot(6.0, 3.0, 1.2, 2.0)
    # the fold that runs from the nose's wing past the mouth's corner
    distance = template.absolute_x - (1.85 + 0.42 * (-4.7 - y))
    fold = np.exp(-((distance / 0.32) ** 2)) * template.front
    fold = fold * smoothstep(-7.6, -6.6, y) * smoothstep(-4.2, -5.0, y)
    return bone + cheek + hollow + temple - 0.16 * (1 + identity["age"]) * fold


def nose_breadth(identity):
    """Width of the nose's tip and wings, 1 for the average nose."""
    return 1 + 0.25 * identity["nose_width"]


def _nose_relief(identity, template):
    spot, x, y = template.spot, template.x, template.y
    breadth = nose_breadth(identity)
    forward = 1 + 0.18 * identity["nose_forward"]
    profile = rounded_curve(
        -y,
        (-1.8, -0.6, 0.4, 1.5, 3.0, 4.1, 4.7, 5.1, 5.6),
        (0, 0.1, 0.45, 1.05, 1.8, 2.35, 2.1, 1.0, 0),
        0.055,
    )
    profile = profile + 0.28 * identity["nose_hump"] * template.band(-1.6, 0.9)
    width = rounded_curve(
        -y,
        (-1.5, 0, 1.5, 3, 4.2, 5.4),
        (0.85, 0.66, 0.72, 0.80, 0.9, 0.95),
        0.2,
    )
    width = width * (1 + 0.2 * identity["nose_width"])
    # a steep ridge on a broad base
    ridge = 0.72 * np.exp(-((x / width) ** 2))
    ridge = ridge + 0.28 * np.exp(-((x / (1.9 * width)) ** 2))
    tip = 0.42 * spot(0, -4.3, 0.78 * breadth, 0.62)
    wings = 0.85 + 0.1 * identity["nose_width"]
    wings = wings * spot(1.22 * breadth, -4.72, 0.50, 0.46)
    nostrils = -0.45 * spot(0.62 * breadth, -5.2, 0.34, 0.2)
    crease = -0.22 * spot(1.75 * breadth, -4.5, 0.28, 0.6)
    outward = profile * ridge * template.front + tip + wings
    return forward * outward + nostrils + crease


def _mouth_relief(identity, template):
    spot = template.spot
    muzzle = 0.25 * spot(0, -6.9, 2.6, 1.5)
    upper = spot(0.5, -6.66, 1.3, 0.27) + 0.35 * spot(0, -6.75, 0.35, 0.22)
    upper = (0.34 + 0.14 * identity["upper_lip"]) * upper
    lower = 0.46 + 0.16 * identity["lower_lip"]
    lower = lower * spot(0.35, -7.48, 1.25, 0.34)
    line = -0.22 * spot(0, -7.0, 2.3, 0.13) - 0.22 * spot(2.6, -7.05, 0.42, 0.5)
    line -= 0.2 * spot(0, -8.15, 1.3, 0.2)
    philtrum = -0.14 * spot(0, -5.95, 0.28, 0.45)
    philtrum += 0.08 * spot(0.5, -6.0, 0.2, 0.5)
    chin = (0.35 + 0.5 * identity["chin_forward"]) * spot(0, -9.9, 1.5, 1.0)
    chin -= 0.30 * spot(0, -8.55, 1.7, 0.5)
    return muzzle + upper + lower + line + philtrum + chin


def _neck_relief(identity, template):
    x, y = template.x, template.y
    # two tendons that run from behind the ears to the pit of the throat
    tendon = mix(0.35, 1.5, smoothstep(-17.5, -11, y))
    tendon = np.exp(-(((np.abs(template.angle) - tendon) / 0.22) ** 2))
    tendon = tendon * smoothstep(-17, -15.5, y) * smoothstep(-11.3, -12.6, y)
    # long lashes come with a smaller larynx in all people made here
    larynx = gaussian(x, y, (0, -13.3), (0.8, 0.9)) * (1 - identity["lashes"])
    pit = gaussian(x, y, (0, -16.1), (1.0, 0.6))
    return 0.45 * tendon + 0.3 * larynx - 0.3 * pit


def _move_eyes_and_brows(vertices, identity, template):
    spot, y = template.spot, template.y
    side, from_eye = template.side, template.absolute_x - EYE_X
    vertices[..., 0] += (
        side * 0.35 * identity["eye_gap"] * spot(3.1, 0.4, 1.9, 2.0)
    )
    tilt = 0.22 * identity["eye_tilt"] * from_eye
    vertices[..., 1] += tilt * spot(EYE_X, 0.3, 1.7, 1.6)
    vertices[..., 1] += 0.35 * identity["brow_height"] * spot(3, 2.0, 2.4, 0.8)
    growth = 0.16 * identity["eye_size"] * spot(EYE_X, 0, 1.8, 1.0)
    vertices[..., 1] += y * growth
    vertices[..., 0] += from_eye * side * growth


def _move_nose_and_mouth(vertices, identity, template):
    spot, x, y = template.spot, template.x, template.y
    vertices[..., 1] -= 0.55 * identity["nose_length"] * spot(0, -4.3, 2.0, 1.6)
    vertices[..., 1] += 0.45 * identity["nose_upturn"] * spot(0, -4.2, 0.9, 0.7)
    vertices[..., 0] += (
        x * 0.22 * identity["mouth_width"] * spot(0, -7.0, 3.4, 1.5)
    )
    breadth = nose_breadth(identity)
    vertices[..., 0] += x * 0.12 * (breadth - 1) * spot(0, -4.7, 2.2, 0.8)
    # thick lips reach further, but the line between them stays
    lower = spot(0, -7.9, 1.9, 0.5) * smoothstep(0, 0.6, LIP_Y - y)
    upper = spot(0, -6.3, 1.9, 0.45) * smoothstep(0, 0.5, y - LIP_Y)
    vertices[..., 1] -= 0.22 * identity["lower_lip"] * lower
    vertices[..., 1] += 0.16 * identity["upper_lip"] * upper
    bow = 0.07 * spot(1.1, -7, 0.7, 0.35) - 0.10 * spot(0, -7, 0.45, 0.35)
    vertices[..., 1] += bow + 0.02 * spot(2.5, -7, 0.5, 0.5)


def _break_symmetry(vertices, identity, template, face_random):
    spot = template.spot
    brows, mouth, nose, chin = (
        face_random.normal(size=4) * identity["asymmetry"]
    )
    lifted = 0.10 * brows * spot(3, 1.8, 2, 1)
    lifted = lifted + 0.07 * mouth * spot(2.4, -7, 1.2, 1)
    vertices[..., 1] += template.side * lifted
    vertices[..., 0] += 0.09 * nose * spot(0, -3.8, 1.2, 1.8)
    vertices[..., 0] += 0.10 * chin * spot(0, -10, 3, 2)


def _grow_hair(vertices, identity, template, hair_random):
    """Hair and beard push the same grid outwards; they are no extra mesh."""
    x, y, angle = template.x, template.y, template.angle
    # A border this wide rises gently: a sharp one would look like a wig.
    width = 0.7 if identity["fringe"] else 2.8
    hair = hair_region(identity, template, raggedness=-0.15, width=width)
    outward = vertices - np.array([0, 1.0, -0.5], np.float32)
    outward[..., 1] *= np.where(outward[..., 1] > 0, 1.15, 0.6)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True) + 1e-6
    parting = identity["hair_parting"]
    quiff = (-1.2 * np.sign(parting), 8.6)
    quiff = gaussian(x, y, quiff, (4.5, 2.0)) * template.front
    volume = identity["hair_volume"] * (0.4 + 0.6 * smoothstep(-1, 6, y))
    volume = (volume + identity["quiff"] * quiff) * hair
    if parting:
        furrow = np.exp(-(((x - parting) / 0.7) ** 2)) * smoothstep(6.5, 9, y)
        volume = volume * (1 - 0.35 * furrow)
    locks = hair_random.normal(size=y.shape).astype(np.float32)
    locks = cv2.GaussianBlur(locks, (0, 0), 1.2)
    waves = 0.12 * np.sin(angle * 9 + y) * np.sin(y * 1.3)
    volume = volume * (1 + waves + 0.75 * identity["curl"] * locks)
    beard = BEARD_THICKNESS[identity["beard"]]
    vertices += outward * volume[..., None]
    vertices += outward * (beard * beard_region(identity, template))[..., None]
